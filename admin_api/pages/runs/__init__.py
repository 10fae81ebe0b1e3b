"""Owns the page of a run, with receipt, trace and log lines, and the page of a trace."""
