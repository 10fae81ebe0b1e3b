"""Owns the way to DynamoDB: senders, and signed BatchWriteItem requests over pooled connections.

All modules but ``sender`` can be deleted, with the call of ``fast_sender`` in ``processor.wiring.services``: its
``ClientSender`` then carries every batch, as it does with ``order_writes=plain`` and behind a proxy. Orders and outputs
stay the same (tests/e2e/test_plain_writes.py); what it costs is CPU. A row takes 92.5 µs instead of 7.9, and 100,000
rows 9.5 s instead of 1.1 (docs/performance.md). The 14.5 % of a CPU that 256 MB of Lambda have then store 1,600 rows a
second at most, where they could store 18,000, so that ``run_kb_per_s`` has to be lowered.
"""
