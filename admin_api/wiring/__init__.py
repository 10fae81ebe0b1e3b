"""Owns the settings and the collaborators; decides nothing."""
