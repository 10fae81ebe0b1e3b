"""Owns the overview: what needs attention, the running files, and the measures of the pipeline."""
