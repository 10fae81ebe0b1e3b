"""Owns the drawing of charts as SVG: axes, frames, series, sparklines. Pure."""
