"""Owns what runs: bucket, tables, queues, functions, gateway, sign-in."""
