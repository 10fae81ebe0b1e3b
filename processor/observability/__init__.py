"""Owns the telemetry: logs, metrics, traces, usage and cost."""
