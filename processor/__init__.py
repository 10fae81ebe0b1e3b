"""Reads order files: from an S3 event to orders in DynamoDB.

Seven packages tell the story of a file: ``messaging`` receives it, ``pipeline`` takes it from received to settled (in
``large_files`` range by range), ``parsing`` turns bytes into rows, ``orders`` and ``storage`` keep them, and ``ledger``
knows every file's state. ``domain`` (rules), ``observability`` and ``wiring`` are the ground that they stand on.
"""
