"""Owns the rules: states, keys, columns, orders, entries, errors. Pure."""
