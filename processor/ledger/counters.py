"""The numbers of files by state: exact counters for files at rest, a bounded count of those under way.

A counter never changes alone: :func:`counter_update` makes the change for the transaction that moves the file. The
counters are split into shards, so that files that settle at the same time seldom meet on one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from boto3.dynamodb.conditions import Key

from processor.domain.file_states import AT_REST, FileState
from processor.ledger.table import FilesTable, ItemUpdate, key_condition_request

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from processor.domain.entries import FileEntry

MOST_MOVING = 1_000
"""The limit of a count of files under way; this number means "or more"."""
COUNTS_PARTITION = "counts"
_REJECTED_ROWS = "rejected_rows"


class Counts(NamedTuple):
    """The files at rest by state, and the rejected rows of the partial ones."""

    at_rest: dict[FileState, int]
    rejected_rows_waiting: int


class Counters:
    """The counters, as the console reads them."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._table = FilesTable(client, table)

    def read_counts(self) -> Counts:
        """Add up the shards as last written: one read."""
        sums = dict.fromkeys([*AT_REST, _REJECTED_ROWS], 0)
        for shard in self._table.list_items(COUNTS_PARTITION):
            for name in sums:
                sums[name] += int(shard.get(name, 0))
        rejected_rows = sums.pop(_REJECTED_ROWS)
        return Counts({FileState(state): number for state, number in sums.items()}, rejected_rows)

    def count_moving(self, state: FileState) -> int:
        """Count the files under way in one state, up to :data:`MOST_MOVING`; the index may lag behind."""
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="by_state",
            Select="COUNT",
            Limit=MOST_MOVING,
            **key_condition_request(Key("state").eq(state)),
        )
        return answer["Count"]


def counter_update(old: FileEntry, new: FileEntry) -> ItemUpdate | None:
    """Make the change of the counters for a file that was ``old`` and becomes ``new``; None if there is none.

    The old entry says what was counted: its rejected rows change only together with ``counted_as``.
    """
    sums: dict[str, int] = {}
    for entry, sign in ((old, -1), (new, 1)):
        if entry.counted_as:
            sums[entry.counted_as] = sums.get(entry.counted_as, 0) + sign
        if entry.counted_as == FileState.PARTIAL:
            sums[_REJECTED_ROWS] = sums.get(_REJECTED_ROWS, 0) + sign * entry.rejected_rows
    changed = {name: number for name, number in sums.items() if number}
    return ItemUpdate(COUNTS_PARTITION, f"shard#{old.file_id[:1]}", add=changed) if changed else None
