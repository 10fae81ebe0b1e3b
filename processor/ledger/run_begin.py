"""The begin of a run: the ledger gives the file to one run at a time, under a lease, and takes it from a dead one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.conditions import Attr

from processor.domain.entries import FILE_ENTRY, FILE_KIND, FileEntry, RunEntry, base_timestamp_of
from processor.domain.errors import FileBusyError, OrdersBusyError
from processor.domain.file_states import FileState, states_before
from processor.ledger.forgotten_files import is_known, refuse_forgotten
from processor.ledger.table import ConditionFailedError, ItemPut, ItemUpdate
from processor.ledger.transitions import unchanged

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from processor.ledger.table import FilesTable

_TAKING_BACK_S = 900
"""A message comes again so late if orders of its file are being taken back: few of its receives are used up."""


class RunStart(NamedTuple):
    """A run that is to begin; ``now`` and ``lease_until`` are seconds since the epoch."""

    run_id: str
    started_at: str
    message_id: str
    receive_count: int
    now: int
    lease_until: int
    uploaded_at: str = ""
    sent_by: str = ""
    sequencer: str = ""
    is_copy: bool = False
    """What S3's event tells of the arrival; the first event that does is kept."""


class BeginResult(NamedTuple):
    """The answer to :func:`begin_run`."""

    entry: FileEntry
    may_run: bool
    """False if the file is settled, or the run of another message holds it."""


def begin_run(table: FilesTable, file_id: str, source: ObjectVersion, run: RunStart) -> BeginResult:
    """Give the file to a run, unless it is settled or another run has it.

    A new file gets its base timestamp, once and for all. A run that held the file and whose lease has ended is
    recorded as died. Raises :class:`FileBusyError` if a run for the same message holds the file, and
    :class:`FileForgottenError`.
    """
    start: dict[str, Any] = {
        "state": FileState.PROCESSING,
        "run_id": run.run_id,
        "run_started_at": run.started_at,
        "run_message_id": run.message_id,
        "run_receive_count": run.receive_count,
        "lease_until": run.lease_until,
        "progress_rows": 0,
        "progress_bytes": 0,
    }
    first = {
        "bucket": source.bucket,
        "object_key": source.key,
        "version_id": source.version_id,
        "kind": FILE_KIND,
        "received_at": run.started_at,
        "base_timestamp": base_timestamp_of(run.started_at),
    }
    told = ("uploaded_at", "sent_by", "sequencer", "is_copy")
    first |= {name: value for name in told if (value := getattr(run, name))}
    # A file that a run holds is not among them: whether that run is dead is looked at only then.
    waiting = [state for state in states_before(FileState.PROCESSING) if state is not FileState.PROCESSING]
    may_begin = Attr("state").is_in(waiting) & Attr("taking_back").not_exists()
    condition = Attr("file_id").not_exists() | may_begin
    try:
        old = table.update_item(ItemUpdate(file_id, FILE_ENTRY, start, condition, first))
    except ConditionFailedError:
        return _begin_taken(table, file_id, run, start)
    return BeginResult(FileEntry.from_item({"file_id": file_id, **first, **old, **start}), may_run=True)


def _begin_taken(table: FilesTable, file_id: str, run: RunStart, start: dict[str, Any]) -> BeginResult:
    """Take a file over from a dead run, or say why it cannot be begun."""
    item = table.get_item(file_id, FILE_ENTRY)
    if not is_known(item):
        refuse_forgotten(item)
        raise ConditionFailedError
    entry = FileEntry.from_item(item)
    if entry.run_id == run.run_id:  # The first attempt of this call took effect and its answer was lost.
        return BeginResult(entry, may_run=entry.state is FileState.PROCESSING)
    if entry.state in states_before(FileState.PROCESSING) and entry.state is not FileState.PROCESSING:
        if entry.taking_back:
            raise OrdersBusyError(file_id, _TAKING_BACK_S)
        # Its run has just failed, and this message may be the one that is to come again.
        raise FileBusyError(file_id, 1)
    if entry.state is not FileState.PROCESSING:
        return BeginResult(entry, may_run=False)
    if entry.lease_until < run.now:
        return _take_over(table, entry, run, start)
    if entry.run_message_id == run.message_id:
        # Acknowledging this delivery would delete the message of the run that still works on the file.
        raise FileBusyError(file_id, max(1, entry.lease_until - run.now + 1))
    return BeginResult(entry, may_run=False)


def _take_over(table: FilesTable, dead: FileEntry, run: RunStart, start: dict[str, Any]) -> BeginResult:
    """Take the file from a run that has died, and record that run: both or neither."""
    condition = unchanged(dead) & Attr("lease_until").lt(run.now)
    change = ItemUpdate(dead.file_id, FILE_ENTRY, start, condition)
    try:
        table.transact(change, ItemPut(RunEntry.of_dead(dead).to_item()))
    except ConditionFailedError:  # Another delivery was faster, or this one, and its answer was lost.
        return _begin_taken(table, dead.file_id, run, start)
    return BeginResult(dead.evolve(**start), may_run=True)
