"""Owns what watches it: alarms, dashboard, saved queries, tracing rules."""
