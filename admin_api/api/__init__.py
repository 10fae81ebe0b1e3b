"""The console's JSON API, under ``/api/``: the same reads and actions as the pages, for scripts."""
