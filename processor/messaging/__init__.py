"""Owns what is received and sent: ingest messages, dead letters, the state machine's executions, alerts."""
