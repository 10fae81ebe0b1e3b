"""Reports of a run: mails for a person, log lines, metrics. Never the contents of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.entries import from_iso
from processor.domain.file_states import NEEDS_PERSON, FileState
from processor.domain.holds import HoldCause
from processor.observability.telemetry import aws_region, logger

if TYPE_CHECKING:
    from processor.domain.entries import RunEntry
    from processor.observability.metrics import InvocationMetrics
    from processor.pipeline.run import Run, Settlement
    from processor.wiring.invocation import Invocation

MAILS_AN_HOUR = 20
"""Of one kind. A thousand mails at once would hide what they say; the files of those that are held back are in the
ledger."""

_COUNTERS = {
    FileState.PROCESSED: "FilesProcessed",
    FileState.PARTIAL: "FilesPartial",
    FileState.FAILED: "FilesFailed",
    FileState.HELD: "FilesHeld",
    FileState.DUPLICATE: "FilesDuplicate",
}
_MAIL_KINDS = {
    FileState.FAILED: "file failed",
    FileState.PARTIAL: "rows rejected",
    FileState.HELD: "file held",
    FileState.DUPLICATE: "duplicate held",
}


_STORE_OR_DISMISS = "Look at its page: store it all the same, or dismiss it and have it sent again."
_DECISIONS = {
    HoldCause.SAME_ORDERS: "Look at its page, which shows what is changed: replace the earlier orders, store this file "
    "beside them, or dismiss it.",
    HoldCause.REJECTED_SHARE: _STORE_OR_DISMISS,
    HoldCause.CUT_OFF: _STORE_OR_DISMISS,
    HoldCause.TOTALS: _STORE_OR_DISMISS,
}
"""What a person may do about a held file."""


def mail_settlement(run: Run) -> None:
    """Tell a person about a settled file that needs one."""
    entry = run.entry
    if entry.state not in NEEDS_PERSON:
        return
    facts: dict[str, str | tuple[str, ...]] = {
        "What": entry.error or f"{entry.rejected_rows:,} of {entry.rows:,} rows were not stored."
    }
    if entry.state is FileState.PARTIAL:
        facts["Why"] = entry.reasons
        facts["Accepted"] = f"{entry.accepted_rows:,} row{'s' * (entry.accepted_rows != 1)}, stored as orders"
        facts["Rejected"] = f"s3://{entry.bucket}/{entry.rejected_key}"
        facts["What to do"] = "Correct the rows in that file and upload it; its waybill_ columns may stay."
    if entry.state is FileState.HELD:
        facts["What to do"] = _DECISIONS[HoldCause(entry.cause)]
    if entry.duplicate_of and (first := run.services.ledger.read_file(entry.duplicate_of)):
        page = f"{run.services.config.console_url}/files/{first.file_id}"
        facts["First file"] = f"{first.name}, which is {first.state.replace('_', ' ')} now: {page}"
    if entry.state is FileState.DUPLICATE:
        facts["What to do"] = "Dismiss it on its page; process it anyway only if its rows are meant to come once more."
    if entry.announced_rows or entry.announced_total:
        facts["Announced"] = f"rows {entry.announced_rows or '-'}, total {entry.announced_total or '-'}"
        facts["Read"] = f"rows {entry.read_rows:,}, total {entry.read_total}" if entry.read_total else "no row"
    if entry.warnings:
        facts["Mind"] = entry.warnings
    _mail(run, _MAIL_KINDS[entry.state], facts)


def mail_dead_letter(run: Run, error: str) -> None:
    """Tell a person that the last run of a file has failed."""
    facts: dict[str, str | tuple[str, ...]] = {
        "What": f"All {run.message.receive_count} runs failed; the message is in the dead-letter queue.",
        "Why": error,
        "What to do": "Remove the cause, then redrive the dead letter; running it again is always safe.",
    }
    _mail(run, "dead letter", facts)


def _mail(run: Run, outcome: str, facts: dict[str, str | tuple[str, ...]]) -> None:
    entry = run.entry
    hour = run.services.now().strftime("%Y-%m-%dT%H")
    number = run.services.mail_notes.count_mail(outcome, hour)
    if number > MAILS_AN_HOUR:
        logger.warning("mail_held_back", extra={"outcome": outcome, "mails_this_hour": number})
        return
    if number == MAILS_AN_HOUR:
        facts["Note"] = f"{number} mails of this kind were sent this hour. Further ones are held back until the next."
    page = f"{run.services.config.console_url}/files/{entry.file_id}"
    facts |= {
        "Original": f"s3://{entry.bucket}/{entry.original.key}",
        "Console": page,
        "Trace": tuple(filter(None, (f"{page}/runs/{entry.run_id}", trace_link(run.invocation)))),
    }
    run.services.notifier.publish_mail(entry.name, file_id=entry.file_id, outcome=outcome, facts=facts)


def trace_link(invocation: Invocation) -> str:
    """Return the trace's address in the AWS console, or its id if X-Ray has not kept it."""
    if not invocation.sampled:
        return f"{invocation.trace_id} (not sampled)" if invocation.trace_id else ""
    region = aws_region()
    return f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#xray:traces/{invocation.trace_id}"


def count_start(run: Run) -> None:
    """Count the start of a run, and in the first run of a file the file."""
    metrics = run.invocation.metrics
    metrics.count("FilesReceived", int(run.entry.in_first_run))
    metrics.note("file_id", run.entry.file_id)
    metrics.note("run_id", run.entry.run_id)


def count_failure(metrics: InvocationMetrics, *, is_last: bool) -> None:
    """Count a failed run, and after the last one the file."""
    metrics.count("RunsFailed")
    metrics.count("FilesDeadLettered", int(is_last))


def report_settlement(run: Run, settlement: Settlement, run_entry: RunEntry) -> None:
    """Log and count a settled file; the file is settled, so what cannot be counted is no failure of the run."""
    log_settlement(run_entry, settlement)
    try:
        count_settlement(run, settlement, run_entry)
    except Exception:  # noqa: BLE001 - the ledger may hold whatever an event said, also of years ago
        logger.warning("settlement_not_counted", exc_info=True)


def count_settlement(run: Run, settlement: Settlement, run_entry: RunEntry) -> None:
    """Count a settled file: once, however often it was tried."""
    entry, metrics = run.entry, run.invocation.metrics
    metrics.count(_COUNTERS[settlement.state])
    metrics.count("RowsAccepted", run_entry.accepted_rows)
    metrics.count("RowsRejected", run_entry.rejected_rows)
    metrics.count("BytesProcessed", settlement.content.stored_bytes)
    metrics.measure("ProcessingDuration", run_entry.duration_ms)
    rows = run_entry.accepted_rows + run_entry.rejected_rows
    if rows and run_entry.duration_ms:
        metrics.measure("RowsPerSecond", rows * 1000 / run_entry.duration_ms)
    if entry.uploaded_at and not entry.asked_again:
        waited = run.services.now() - from_iso(entry.uploaded_at)
        metrics.measure("UploadToSettled", max(0.0, waited.total_seconds() * 1000))


def log_settlement(run_entry: RunEntry, settlement: Settlement) -> None:
    """Log how a run settled its file, as the event ``file_<state>``."""
    fields = {
        "accepted_rows": run_entry.accepted_rows,
        "rejected_rows": run_entry.rejected_rows,
        "duration_ms": run_entry.duration_ms,
        "consumed_write_units": run_entry.consumed_write_units,
        "estimated_cost": run_entry.estimated_cost,
    }
    if settlement.cause:
        fields["cause"] = settlement.cause
    log = logger.warning if settlement.state in NEEDS_PERSON else logger.info
    log(f"file_{settlement.state}", extra=fields)
