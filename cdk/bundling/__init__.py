"""Owns the code bundles of the functions: their sources, their packages, their digest."""
