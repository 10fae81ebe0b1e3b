"""Owns the actions of people: which are available, and how they are carried out."""
