"""One run: its receipt, its trace and its log lines."""
