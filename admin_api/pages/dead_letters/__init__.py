"""The dead letters: what the queue holds, by cause."""
