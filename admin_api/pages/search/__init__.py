"""The search: from any identifier to the thing."""
