"""Owns the list of files, the page of one file with its objects, and the confirmation of actions."""
