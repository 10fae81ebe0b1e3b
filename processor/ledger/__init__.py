"""Owns the files table: state transitions, counters, content claims, lists, and the log of people's actions."""
