"""A file under way that turns out to be the same upload as another one leaves the ledger and the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.observability.telemetry import logger
from processor.pipeline.waiting import wake_waiting_files

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.errors import FileForgottenError
    from processor.domain.object_keys import ObjectVersion
    from processor.pipeline.run import Run
    from processor.wiring.services import Services


def forget_same_upload(run: Run, owner: FileEntry) -> None:
    """Take the run's file out of the ledger, and its version out of the inbox; ``owner`` is the file that stays.

    A death in between is repaired by the next delivery, which :func:`clear_forgotten` answers.
    """
    services, entry = run.services, run.entry
    services.ledger.forget_file(entry, owner.file_id, int(services.now().timestamp()))
    run.invocation.metrics.count("FilesReceived", -1)  # It was counted when it began.
    wake_waiting_files(run)
    _clear(services, entry.source, owner.file_id)


def clear_forgotten(services: Services, error: FileForgottenError) -> None:
    """Answer a later delivery of a forgotten file: its version is deleted, if it still is in the inbox."""
    _clear(services, error.source, error.same_as)


def _clear(services: Services, source: ObjectVersion, same_as: str) -> None:
    services.objects.delete(source)
    logger.info("arrival_ignored", extra={"reason": "same_upload", "same_as": same_as})
