"""Owns what every request passes: headers and CSRF, sign-in, sessions, errors, static files."""
