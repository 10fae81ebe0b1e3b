"""Settlement: the end of a run that decides its file, and the clean-up after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain import object_keys
from processor.domain.entries import to_iso
from processor.domain.errors import ObjectGoneError
from processor.domain.file_states import SETTLED, FileState
from processor.domain.object_keys import ObjectVersion
from processor.observability.telemetry import logger, span
from processor.pipeline.reporting import (
    count_settled,
    log_settled,
    mail_settled,
    most_frequent,
)
from processor.pipeline.retry import in_words

if TYPE_CHECKING:
    from processor.pipeline.run import Run, Settlement


def settle(run: Run, settlement: Settlement) -> None:
    """Move the original, write the run's end and the file's new state; raises :class:`LeaseLostError`."""
    services, entry = run.services, run.entry
    if entry.leftover:  # Of an earlier run that died in its clean-up; this run's own will take its place.
        services.objects.delete(entry.leftover)
    values = _move_original(run, settlement)
    if settlement.state is FileState.PROCESSED and entry.rejected_key.startswith(object_keys.FAILED):
        _archive_settled_rejects(run)
    ended = run.end(settlement.state, cause=settlement.cause, error=settlement.error)
    services.ledger.record_run(ended)
    run.entry = services.ledger.settle(
        entry,
        settlement.state,
        to_iso(services.now()),
        **_stored(run, settlement),
        reasons=most_frequent(settlement.reasons),
        warnings=settlement.warnings,
        cause=settlement.cause,
        error=settlement.error,
        duplicate_of=settlement.duplicate_of,
        size_bytes=run.facts.size_bytes if run.facts else 0,
        content_sha256=run.content.sha256 if run.content else "",
        duration_ms=ended.duration_ms,
        estimated_cost=ended.estimated_cost,
        **values,
    )
    run.settled = True
    log_settled(ended, settlement)
    count_settled(run, ended, asked_again=entry.asked_again)


def tell_and_clean_up(run: Run) -> None:
    """Tell a person what the settled file wants, and delete what the copy replaced."""
    with span("notify"):
        mail_settled(run)
    if run.entry.leftover:
        with span("clean up"):
            run.services.objects.delete(run.entry.leftover)


def _stored(run: Run, settlement: Settlement) -> dict[str, int | str]:
    """Return what the ledger is to say of the file's rows: of those stored earlier, where this run stored none."""
    entry = run.entry
    if settlement.state is FileState.FAILED:
        return {
            "accepted_rows": entry.accepted_rows,
            "rejected_rows": entry.rejected_rows,
            "accepted_key": entry.accepted_key,
            "rejected_key": entry.rejected_key,
        }
    return {
        "accepted_rows": run.stored.accepted_rows,
        "rejected_rows": run.stored.rejected_rows,
        "accepted_key": settlement.accepted_key,
        "rejected_key": settlement.rejected_key,
    }


def _move_original(run: Run, settlement: Settlement) -> dict[str, str]:
    """Copy the original to where it belongs now; returns the ledger's fields for the copy and for what it replaces."""
    entry, facts = run.entry, run.facts
    if not facts:  # It is gone: there is nothing to move.
        return {}
    key = object_keys.original_key(settlement.original_prefix, entry.base, entry.file_id, entry.name)
    if key == facts.version.key:
        return {"original_key": key, "original_version": facts.version.version_id}
    copy = run.services.objects.copy(facts, key)
    return {
        "original_key": key,
        "original_version": copy.version_id,
        "leftover_key": facts.version.key,
        "leftover_version": facts.version.version_id,
    }


def _archive_settled_rejects(run: Run) -> None:
    """Move an earlier run's rejected rows, now that none is: what a person has settled leaves failed-data/."""
    objects, entry = run.services.objects, run.entry
    try:
        facts = objects.facts(ObjectVersion(entry.bucket, entry.rejected_key))
    except ObjectGoneError:
        return
    objects.copy(facts, object_keys.ARCHIVE + entry.rejected_key.removeprefix(object_keys.FAILED))
    objects.delete(facts.version)


def finish_clean_up(run: Run) -> None:
    """Do for a settled file what a run that died after settling left undone."""
    entry, leftover = run.entry, run.entry.leftover
    if entry.state not in SETTLED or not leftover or not run.services.objects.exists(leftover):
        logger.info("delivery_ignored", extra={"state": entry.state})
        return
    try:
        tell_and_clean_up(run)  # The mail perhaps for the second time: better than never.
    except Exception as error:
        logger.warning("clean_up_failed", extra={"cause": in_words(error)[0]}, exc_info=error)
        raise
    logger.info("clean_up_finished")
