"""The operator's console: what happened, why, and what to press."""
