"""Owns the rendering of values as HTML, SVG and CSV: pages, error pages, formats, charts."""
