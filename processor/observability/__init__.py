"""Owns what a run tells of itself: logs, metrics, traces, usage and cost."""
