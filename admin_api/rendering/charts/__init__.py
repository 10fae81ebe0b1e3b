"""Draws charts as SVG: axes, frames, series, sparklines. Pure."""
