"""How a run ends: the file is settled and cleaned up after, or given back to the next run with the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from processor.domain import object_keys
from processor.domain.entries import ERROR, to_iso
from processor.domain.errors import ObjectGoneError, StepFailedError
from processor.domain.file_states import SETTLED, FileState
from processor.domain.object_keys import ObjectVersion
from processor.observability.telemetry import logger, span
from processor.pipeline.reporting import (
    count_failed,
    count_settled,
    log_settled,
    mail_dead_letter,
    mail_settled,
    most_frequent,
)

if TYPE_CHECKING:
    from processor.pipeline.run import Run, Settlement

_LONGEST_ERROR = 500


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


def give_back(run: Run, error: Exception) -> None:
    """Record why the run failed and leave the file to the next one, or to a person after the last."""
    cause, words = in_words(error)
    state = FileState.DEAD_LETTERED if run.is_last else FileState.QUEUED
    logger.warning("run_failed", extra={"cause": cause, "state": state}, exc_info=error)
    try:
        run.services.ledger.record_run(run.end(ERROR, cause=cause, error=words))
        run.services.ledger.fail_run(run.entry, state, cause=cause, error=words)
        count_failed(run.invocation.metrics, is_last=run.is_last)
        if run.is_last:
            mail_dead_letter(run, words)
    except Exception:  # noqa: BLE001 - what cannot be recorded must not hide what went wrong
        logger.exception("failure_not_recorded")


def in_words(error: Exception) -> tuple[str, str]:
    """Return a constant word for the cause, and a sentence."""
    if isinstance(error, ClientError):
        answer = error.response["Error"]
        return answer["Code"], f"{error.operation_name} failed: {answer.get('Message', '')}"[:_LONGEST_ERROR]
    if isinstance(error, StepFailedError):
        return error.cause, str(error)[:_LONGEST_ERROR]
    return type(error).__name__, str(error)[:_LONGEST_ERROR]
