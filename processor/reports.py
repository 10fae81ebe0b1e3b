"""Words for a person: the mails about a file that needs one, and the log lines of a run's end. No row contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.files import FileState
from processor.telemetry import logger

if TYPE_CHECKING:
    from processor.entries import FileEntry, RunEntry
    from processor.run import Run, Settlement

_MOST_REASONS = 10

NEEDS_PERSON = frozenset({FileState.FAILED, FileState.PARTIAL, FileState.DUPLICATE})
_OUTCOMES = {
    FileState.FAILED: "file failed",
    FileState.PARTIAL: "rows rejected",
    FileState.DUPLICATE: "duplicate held",
}


def mail_settled(run: Run, entry: FileEntry) -> None:
    """Tell a person what a settled file wants, if it wants anything; ``entry`` is the ledger's newest."""
    if entry.state not in NEEDS_PERSON:
        return
    facts = {"What": entry.error or f"{entry.rejected_rows:,} of {entry.rows:,} rows were not stored."}
    if entry.state is FileState.PARTIAL:
        facts["Why"] = "\n     ".join(entry.reasons)
        facts["Accepted"] = f"{entry.accepted_rows:,} rows are orders now"
        facts["Rejected"] = f"s3://{entry.bucket}/{entry.rejected_key}"
        facts["What to do"] = "Correct the rows in that file and upload it; its waybill_ columns may stay."
    _mail(run, _OUTCOMES[entry.state], entry, facts)


def mail_dead_letter(run: Run, error: str) -> None:
    """Tell a person that a file was given up after its last run."""
    facts = {
        "What": f"All {run.message.receive_count} runs failed; the message is in the dead-letter queue.",
        "Why": error,
        "What to do": "Remove the cause, then redrive the dead letter; running it again is always safe.",
    }
    _mail(run, "dead letter", run.entry, facts)


def _mail(run: Run, outcome: str, entry: FileEntry, facts: dict[str, str]) -> None:
    facts |= {"Original": f"s3://{entry.bucket}/{entry.original.key}", "Trace": run.invocation.trace_id}
    run.services.notifier.file_needs_person(entry.name, file_id=entry.file_id, outcome=outcome, facts=facts)


def most_frequent(reasons: dict[str, int]) -> tuple[str, ...]:
    """List the commonest reasons, each with its count: what a person reads first."""
    ranked = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(f"{reason} ({count:,})" for reason, count in ranked[:_MOST_REASONS])


def log_settled(run_entry: RunEntry, settlement: Settlement) -> None:
    """Log how a run settled its file; the event names are ``file_<state>``."""
    fields = {
        "accepted_rows": run_entry.accepted_rows,
        "rejected_rows": run_entry.rejected_rows,
        "duration_ms": run_entry.duration_ms,
        "consumed_write_units": run_entry.consumed_write_units,
    }
    if settlement.cause:
        fields["cause"] = settlement.cause
    level = logger.warning if settlement.state in NEEDS_PERSON else logger.info
    level(f"file_{settlement.state}", extra=fields)
