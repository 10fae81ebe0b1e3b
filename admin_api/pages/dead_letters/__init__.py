"""The page of dead letters, grouped by cause."""
