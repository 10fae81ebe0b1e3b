"""Settlement: the end of a run that decides its file, and the clean-up after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from processor.domain import object_keys
from processor.domain.entries import to_iso
from processor.domain.errors import ObjectGoneError
from processor.domain.file_states import SETTLED, FileState
from processor.domain.object_keys import ObjectVersion
from processor.observability.telemetry import logger, span
from processor.parsing.decoding import encoding_name
from processor.pipeline.loader import encoding_of
from processor.pipeline.reporting import mail_settlement, report_settlement
from processor.pipeline.retry import in_words
from processor.pipeline.verdict import amount_text
from processor.pipeline.waiting import wake_waiting_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processor.domain.entries import FileEntry
    from processor.pipeline.run import Run, Settlement

_MOST_REASONS = 10
_STORES_NOTHING = frozenset({FileState.FAILED, FileState.HELD, FileState.DUPLICATE})
_LONGEST_NAME = 200


def settle(run: Run, settlement: Settlement) -> Run:
    """Move the original, write the run's end and the file's new state.

    Returns the run with the new entry; raises :class:`LeaseLostError`.
    """
    services, entry = run.services, run.entry
    if entry.leftover:  # An earlier run died in its clean-up, and the entry has room for one leftover.
        services.objects.delete(entry.leftover)
    original_values = _move_original(run, settlement)
    if settlement.state is FileState.PROCESSED and entry.rejected_key.startswith(object_keys.FAILED):
        _archive_corrected_rows(run)
    if entry.same_orders and settlement.state not in _STORES_NOTHING:  # A person has decided by the comparison.
        comparison = object_keys.comparison_key(entry.base, entry.file_id, entry.name)
        services.objects.delete(ObjectVersion(entry.bucket, comparison))
    run_entry = run.to_entry(
        settlement.state,
        settlement.result,
        cause=settlement.cause,
        error=settlement.error,
        reading=settlement.reading,
        announced=settlement.announced,
    )
    services.ledger.record_run(run_entry)
    settled_entry = services.ledger.settle(
        entry,
        settlement.state,
        to_iso(services.now()),
        **_row_values(entry, settlement),
        **original_values,
        reasons=most_frequent(settlement.result.reasons),
        warnings=(*settlement.result.warnings, *run_entry.warnings),
        cause=settlement.cause,
        error=settlement.error,
        duplicate_of=settlement.duplicate_of,
        replaces=settlement.replaces,
        **_verdict_values(settlement),
        size_bytes=settlement.size_bytes,
        uploaded_by=settlement.facts.metadata.get("uploaded-by", "")[:_LONGEST_NAME] if settlement.facts else "",
        content_sha256=settlement.content.sha256,
        encoding=_encoding(run, settlement),
        reject=_reject(run, settlement),
        duration_ms=run_entry.duration_ms,
        estimated_cost=run_entry.estimated_cost,
    )
    report_settlement(run, settlement, run_entry)
    return run._replace(entry=settled_entry)


def _row_values(entry: FileEntry, settlement: Settlement) -> dict[str, Any]:
    """Return the ledger's fields for the file's rows; one that fails or is held keeps those of its earlier runs.

    One whose original went away while it was loaded has the rows that were stored until then.
    """
    is_unread = settlement.state in _STORES_NOTHING and not settlement.result.is_cut_off
    source = entry if is_unread else settlement.result
    values: dict[str, Any] = {
        "accepted_rows": source.accepted_rows,
        "rejected_rows": source.rejected_rows,
        "accepted_key": source.accepted_key,
        "rejected_key": source.rejected_key,
    }
    if is_unread:  # What was taken back of them is still gone.
        values |= {"voided_at": entry.voided_at, "replaced_by": entry.replaced_by}
        values |= {"replaced_rows": entry.replaced_rows} if entry.replaced_rows else {}
    return values


def _verdict_values(settlement: Settlement) -> dict[str, Any]:
    """Return the ledger's fields for what was announced and read, where somebody wants to compare them."""
    announced, reading = settlement.announced, settlement.reading
    values: dict[str, Any] = {"announced_rows": announced.rows, "announced_total": announced.total}
    if reading and (settlement.state is FileState.HELD or any(announced)):
        values |= {"read_rows": reading.rows, "read_total": amount_text(reading.total)}
    if settlement.same_orders:
        values["same_orders"] = settlement.same_orders.to_item()
    return values


def _reject(run: Run, settlement: Settlement) -> str:
    """Return the rule under which the file's orders are stored, if it is not the usual one."""
    if settlement.reading is None or settlement.state in _STORES_NOTHING:
        return run.entry.reject
    rule = settlement.reading.reject
    return "" if rule is run.entry.usual_reject else rule


def _encoding(run: Run, settlement: Settlement) -> str:
    """Return the encoding as which the rows were read, if only the deployment's default or an earlier run says one."""
    if settlement.facts is None or settlement.state not in {FileState.PROCESSED, FileState.PARTIAL}:
        return ""
    encoding = encoding_of(run, settlement.facts)
    is_said = encoding == encoding_name(settlement.facts.metadata.get("encoding") or "utf-8")
    return "" if is_said and not run.entry.encoding else encoding


def most_frequent(reasons: Mapping[str, int]) -> tuple[str, ...]:
    """List the commonest reasons, each with its count, the commonest first."""
    ranked = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(f"{reason} ({count:,})" for reason, count in ranked[:_MOST_REASONS])


def _move_original(run: Run, settlement: Settlement) -> dict[str, str]:
    """Copy the original to where it belongs now; return the ledger's fields for the copy and for what it replaces."""
    entry, facts = run.entry, settlement.facts
    if not facts:
        return {}
    key = object_keys.original_key(settlement.original_prefix, entry.base, entry.file_id, entry.name)
    if key == facts.version.key:
        return {"original_key": key, "original_version": facts.version.version_id}
    try:
        copy = run.services.objects.copy(facts, key)
    except ObjectGoneError:
        return {}  # Deleted since it was read: what was decided about its rows holds all the same.
    moved = {"original_key": key, "original_version": copy.version_id}
    if facts.version == entry.source:  # As most often, and an entry below 1 KB costs half as much to write.
        return moved | {"leftover_key": object_keys.INBOX}
    return moved | {"leftover_key": facts.version.key, "leftover_version": facts.version.version_id}


def _archive_corrected_rows(run: Run) -> None:
    """Move the rejected rows of an earlier run out of failed-data/, as this run rejected none."""
    objects, entry = run.services.objects, run.entry
    try:
        facts = objects.read_facts(ObjectVersion(entry.bucket, entry.rejected_key))
    except ObjectGoneError:
        return
    objects.copy(facts, object_keys.ARCHIVE + entry.rejected_key.removeprefix(object_keys.FAILED))
    objects.delete(facts.version)


def notify_and_clean_up(run: Run) -> None:
    """Have replaced orders taken back, tell a person if one is needed, and delete what the copy replaced.

    The next delivery repeats what fails here.
    """
    try:
        _take_back_replaced(run)
        with span("notify"):
            mail_settlement(run)
        wake_waiting_files(run)
        if run.entry.leftover:
            with span("clean up"):
                run.services.objects.delete(run.entry.leftover)
    except Exception as error:
        logger.warning("clean_up_failed", extra={"cause": in_words(error)[0]}, exc_info=error)
        raise


def finish_clean_up(run: Run) -> None:
    """Repeat the clean-up of a settled file if the run that settled it died before its end."""
    entry, leftover = run.entry, run.entry.leftover
    if entry.state in SETTLED:
        wake_waiting_files(run)
    if entry.state not in SETTLED or not leftover or not run.services.objects.exists(leftover):
        if entry.state in SETTLED:
            _take_back_replaced(run)  # There may be nothing to delete, and yet the run died before its call.
        logger.info("delivery_ignored", extra={"state": entry.state})
        return
    notify_and_clean_up(run)  # The mail may go out twice, which is better than never.
    logger.info("clean_up_finished")


def _take_back_replaced(run: Run) -> None:
    """Have the worker take back what the file replaces, now that its own orders are stored."""
    if run.entry.replaces:
        with span("take back"):
            run.services.worker.call_take_back(run.entry.file_id)
