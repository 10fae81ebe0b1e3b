"""Owns the search for any identifier or name."""
