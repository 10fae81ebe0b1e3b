"""Owns the pages: one module or folder each, with its templates in the folder of the same name."""
