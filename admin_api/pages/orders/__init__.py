"""The orders: their list, one order, their export."""
