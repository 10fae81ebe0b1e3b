"""Owns the audit of one file's books: its original, ledger entry, stored orders and outputs, compared to the value."""
