"""The files: their list, one file, its objects, and what may be done to it."""
