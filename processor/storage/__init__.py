"""Owns the bucket: objects, the two outputs of a run with their readers, presigned uploads."""
