"""Owns what a person may do: what is available, and how it is carried out."""
