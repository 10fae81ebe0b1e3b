"""Owns the rules: states, keys, columns, orders, entries, actions, cursors, waits, errors. Pure."""
