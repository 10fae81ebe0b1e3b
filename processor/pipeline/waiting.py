"""Waiting: a file whose orders another file may be storing goes on when that one has settled, by a message of its own.

The waiting file first stands in the other's list, then gives itself back, then looks whether the other has moved on
meanwhile; the other changes its state first, and then reads its list. So whoever is later sees the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.pipeline.run import Run


def wait_for(run: Run, other: FileEntry) -> None:
    """Give the file back until the other one settles; raises :class:`LeaseLostError`."""
    services, entry = run.services, run.entry
    services.waiting_files.add_file(other.file_id, entry)
    services.ledger.let_wait(entry, other.file_id)
    logger.info("file_waits", extra={"waits_for": other.file_id})
    wake_waiting_files(run)
    now = services.ledger.read_file(other.file_id)
    if now is None or (now.state, now.run_id) != (other.state, other.run_id):
        services.queue.send_reprocess(entry.file_id)


def wake_waiting_files(run: Run) -> None:
    """Send a message for each file that waits for this one, once for each wait."""
    waiting_files, file_id = run.services.waiting_files, run.entry.file_id
    for waiting in waiting_files.list_files(file_id):
        run.services.queue.send_reprocess(waiting.file_id)
        waiting_files.note_woken(file_id, waiting)
