"""What remains of a file whose object has gone away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.entries import DIED, ERROR
from processor.domain.errors import ObjectGoneError, ObjectLostError

if TYPE_CHECKING:
    from processor.domain.entries import RunEntry
    from processor.domain.errors import PermanentError
    from processor.pipeline.run import Run


def describe_failure(run: Run, error: PermanentError) -> PermanentError:
    """Return the error, or what is known to be stored of a file whose object has gone away since an earlier run."""
    entry = run.entry
    if not isinstance(error, ObjectGoneError) or entry.in_first_run:
        return error
    runs = run.services.ledger.list_runs(entry.file_id)
    # A run that has ended without settling may have stored rows; those of a file with settled orders are these.
    is_settled = entry.settled_at and not any(_is_unsettled(earlier, entry.settled_at) for earlier in runs)
    if (is_settled or entry.accepted_rows) and entry.cause != ObjectLostError.cause:
        return ObjectGoneError(stored=entry.accepted_rows)
    return ObjectLostError(max((entry.accepted_rows, *(earlier.accepted_rows for earlier in runs))))


def _is_unsettled(run: RunEntry, settled_at: str) -> bool:
    return run.outcome in {DIED, ERROR} and run.started_at > settled_at
