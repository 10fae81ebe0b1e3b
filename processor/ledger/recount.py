"""The recount: compares the counters of files at rest with the files themselves, which are counted by the index.

Files settle meanwhile, and the index lags behind by a moment. So a counter differs only if two counts in a row say the
same while the counters stand still.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from processor.domain.file_states import AT_REST, FileState
from processor.ledger.counters import Counters, Counts
from processor.ledger.table import FilesTable, deserialise, key_condition_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryOutputTypeDef

MOST_FILES = 500_000
"""About 0.25 GB of the index, for one cent and a half."""
_MOST_COUNTS = 4
_WAIT_S = 2.0


class Recount:
    """The counters against the files."""

    def __init__(self, client: DynamoDBClient, table: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._table = FilesTable(client, table)
        self._counters = Counters(client, table)
        self._sleep = sleep

    def compare(self) -> tuple[str, ...]:
        """List the counters that differ, each in words; none if there are too many files, or they never stand still."""
        earlier: tuple[str, ...] | None = None
        for attempt in range(_MOST_COUNTS):
            if attempt:
                self._sleep(_WAIT_S)
            before = self._counters.read_counts()
            if sum(before.at_rest.values()) > MOST_FILES:
                return ()
            counted = self._count_files()
            if self._counters.read_counts() != before:
                earlier = None
                continue
            different = _differences(before, counted)
            if not different or different == earlier:
                return different
            earlier = different
        return ()

    def _count_files(self) -> Counts:
        numbers = {state: self._count_state(state) for state in AT_REST}
        return Counts(numbers, self._add_rejected_rows())

    def _count_state(self, state: FileState) -> int:
        pages = self._query(IndexName="by_state", Select="COUNT", **_of(state))
        return sum(page["Count"] for page in pages)

    def _add_rejected_rows(self) -> int:
        projection = {"ProjectionExpression": "rejected_rows"}
        pages = self._query(IndexName="by_state", **projection, **_of(FileState.PARTIAL))
        return sum(int(deserialise(item).get("rejected_rows", 0)) for page in pages for item in page["Items"])

    def _query(self, **request: Any) -> Iterable[QueryOutputTypeDef]:
        return self._table.client.get_paginator("query").paginate(TableName=self._table.name, **request)


def _of(state: FileState) -> dict[str, Any]:
    return key_condition_request(Key("state").eq(state))


def _differences(counters: Counts, counted: Counts) -> tuple[str, ...]:
    numbers = [(f"{state} files", counters.at_rest[state], counted.at_rest[state]) for state in sorted(AT_REST)]
    numbers.append(("rejected rows", counters.rejected_rows_waiting, counted.rejected_rows_waiting))
    return tuple(
        f"The counter says {said:,} {what.replace('_', ' ')}; there are {there:,}."
        for what, said, there in numbers
        if said != there
    )
