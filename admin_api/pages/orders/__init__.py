"""Owns the list of orders, the page of one order, and their export."""
