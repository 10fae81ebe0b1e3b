"""Owns the JSON API under ``/api/``: the data and actions of the pages, for scripts."""
