"""A small process that supplies what the emulator lacks: metrics from logs and queues, X-Ray, and mails as files.

It speaks the AWS APIs and imports nothing of the project: README.md says what it supplies and how to run it alone.
"""
