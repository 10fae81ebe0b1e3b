"""Owns what `make deploy` looks at in the account before it changes anything: what it refuses, lowers and tells."""
