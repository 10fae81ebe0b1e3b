"""A file under way that turns out to be the same upload as another one leaves the ledger and the inbox.

Gateways and mounted buckets copy an object onto itself to note its time or its rights. The version before it and the
copy are one file: the one whose run is the first to settle. Its metadata count, such as the encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.object_keys import ObjectVersion, comparison_key
from processor.domain.same_uploads import is_same_upload
from processor.observability.telemetry import logger
from processor.pipeline.settlement import settle
from processor.pipeline.waiting import wake_waiting_files

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.errors import FileForgottenError
    from processor.pipeline.run import Run, Settlement
    from processor.wiring.services import Services


def settle_or_forget(run: Run, settlement: Settlement) -> Run | None:
    """Settle the file; or forget it, and return None, if it is the same upload as one that is told of already."""
    if owner := _find_same_upload(run, settlement):
        _delete_outputs(run, settlement)
        forget_same_upload(run, owner)
        return None
    return settle(run, settlement)


def _find_same_upload(run: Run, settlement: Settlement) -> FileEntry | None:
    """Return the file that is told of already, for one of which nothing is stored."""
    if settlement.result.accepted_rows or settlement.facts is None:
        return None
    services, facts = run.services, settlement.facts

    def find(file_id: str) -> FileEntry | None:
        other = services.ledger.read_file(file_id)
        return other if other and is_same_upload(run.entry, other) else None

    if settlement.duplicate_of and (first := find(settlement.duplicate_of)):
        return first
    digest = settlement.content.sha256 or f"{facts.etag}#{facts.size_bytes}"
    return services.ledger.claim_unstored(run.entry, digest, int(services.now().timestamp()), find)


def _delete_outputs(run: Run, settlement: Settlement) -> None:
    """Delete what was written for a person who would have to decide."""
    entry = run.entry
    comparison = comparison_key(entry.base, entry.file_id, entry.name) if settlement.same_orders else ""
    for key in filter(None, (settlement.result.rejected_key, comparison)):
        run.services.objects.delete(ObjectVersion(entry.bucket, key))


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
