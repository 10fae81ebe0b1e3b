"""Owns what AWS knows of us: metrics, alarms, logs, traces, and links into its console."""
