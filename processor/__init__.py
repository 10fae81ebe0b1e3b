"""The processor: carries one order file from the inbox to its orders, and keeps account of what became of it."""
