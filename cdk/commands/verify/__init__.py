"""Owns `make verify`: deploys an environment and asserts from outside, by its outputs alone, that it does its work."""
