"""Owns the orders table: batches, their pace, and pages of orders for the console."""
