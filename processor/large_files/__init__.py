"""Owns the second entry point: a file that is read in ranges, one step of the state machine at a time."""
