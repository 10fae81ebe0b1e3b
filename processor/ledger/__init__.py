"""Owns the files table: state transitions, counters, content claims, lists, the log of people's actions."""
