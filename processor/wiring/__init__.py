"""Owns the settings, the collaborators and the invocation; decides nothing."""
