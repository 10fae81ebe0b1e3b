"""Tests of the synthesised template, of the bundles and of the commands."""
