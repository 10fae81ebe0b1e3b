"""Owns the commands of people: deploy, destroy, accounts for the console."""
