"""Owns the way from bytes to rows: gzip, encoding, lines, CSV. Pure."""
