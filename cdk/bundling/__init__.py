"""The functions' code bundles: sources, locked packages, byte code and hash."""
