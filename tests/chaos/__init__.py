"""The chaos run: seeded files, faults while they are processed, and an account of every row afterwards.

Nothing here imports the processor: its rules, keys and formats are written down a second time.
"""
