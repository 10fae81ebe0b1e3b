"""Monitoring: alerts topic, metrics, alarms, dashboard, saved queries and sampling rules."""
