"""Owns one file's way from received to settled, and its retries."""
