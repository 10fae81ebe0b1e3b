"""Owns the pages: one module or folder a page, its template in the folder of the same name."""
