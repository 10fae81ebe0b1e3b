"""Owns the way from values to HTML, SVG and CSV."""
