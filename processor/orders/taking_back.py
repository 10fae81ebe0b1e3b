"""Takes the orders of one file back: all of them, or those of some order ids. The one place that deletes orders.

A row's key follows from the file and the row, and is read from the file's object of accepted rows. A delete has the
condition that the order is still this file's, and one transaction holds some of them with the count of what they take
back. So the counts are exact wherever a worker dies, two workers never count one order twice, and no other file's order
is touched, whatever key it has.

``TransactWriteItems`` costs two write units a delete instead of one, and needs ``dynamodb:DeleteItem`` alone.
``BatchWriteItem`` has no conditions, and its permission would let the worker write orders, too.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.conditions import Attr

from processor.domain.backoff import backoff
from processor.domain.entries import FILE_ENTRY
from processor.domain.errors import ThrottledError, WaybillError
from processor.domain.file_states import FileState
from processor.ledger.batch_get import batch_get
from processor.ledger.table import ItemCheck
from processor.orders.rate_limiter import RateLimiter
from processor.storage.accepted_reader import AcceptedRowsUnreadableError, iterate_order_keys, run_with_offsets

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from processor.domain.entries import FileEntry, RunEntry
    from processor.domain.take_backs import TakeBack
    from processor.ledger.table import FilesTable, ItemUpdate
    from processor.ledger.take_backs import TakeBacks
    from processor.storage.objects import Objects

type OrderKey = tuple[str, str]

STORED = (FileState.PROCESSED, FileState.PARTIAL, FileState.REPAIRED, FileState.DISMISSED)
"""States of a file at rest whose orders are stored, if it has any."""

MOST_DELETES = 98
"""A transaction has 100 items at most, two of which are the count and a check."""
_MOST_ROWS = 2_000
"""Rows that are gone through between two writes of the count, where few of them are wanted."""
_MOST_ATTEMPTS = 12
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 10.0
_CHANGED = "ConditionalCheckFailed"


class TakenOverError(WaybillError):
    """Another worker goes on with the same take-back."""


class NotStoredError(WaybillError):
    """The orders of the replacing file are no longer stored, so nothing is taken back for it."""


class _Chunk(NamedTuple):
    """Keys of wanted orders, and the number of accepted rows that were gone through to find them."""

    keys: list[OrderKey]
    rows: int


@dataclass(eq=False, repr=False)
class OrdersTaker:
    """Takes back the orders of one file."""

    dynamodb: DynamoDBClient
    orders_table: str
    files: FilesTable
    take_backs: TakeBacks
    objects: Objects
    entry: FileEntry
    runs: list[RunEntry]
    """Of the file, for the offsets of its accepted rows."""
    wanted: Container[str] | None = None
    """The ids of the orders that go; None for all."""
    check: ItemCheck | None = None
    """What must be true of an item of the ledger whenever orders are deleted, or :class:`NotStoredError` is raised."""
    sleep: Callable[[float], None] = time.sleep
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)

    def take_back(self, progress: TakeBack) -> Iterator[TakeBack]:
        """Go on behind ``progress``; yields how far it is after each transaction.

        Raises :class:`TakenOverError`, :class:`NotStoredError`, :class:`ThrottledError`, and
        :class:`AcceptedRowsGoneError` or :class:`AcceptedRowsUnreadableError` if the keys cannot be read.
        """
        if progress.position >= progress.rows:
            return
        keys = iterate_order_keys(self.objects, self.entry, run_with_offsets(self.runs), progress.position)
        while chunk := self._next_chunk(keys):
            progress = self._delete(progress, chunk)
            yield progress
        if progress.position != progress.rows:
            raise AcceptedRowsUnreadableError(self.entry.accepted_key)

    def _next_chunk(self, keys: Iterator[OrderKey]) -> _Chunk | None:
        found: list[OrderKey] = []
        rows = 0
        for key in islice(keys, _MOST_ROWS):
            rows += 1
            if self.wanted is None or key[0] in self.wanted:
                found.append(key)
                if len(found) == MOST_DELETES:
                    break
        return _Chunk(found, rows) if rows else None

    def _delete(self, progress: TakeBack, chunk: _Chunk) -> TakeBack:
        """Delete what is still this file's, and count it: both or neither."""
        for wait_s in (*backoff(_FIRST_WAIT_S, _MOST_ATTEMPTS, longest_s=_LONGEST_WAIT_S), 0.0):
            ours, others = self._look(chunk.keys)
            new = progress._replace(
                position=progress.position + chunk.rows,
                taken_back=progress.taken_back + len(ours),
                kept=progress.kept + others,
                absent=progress.absent + len(chunk.keys) - len(ours) - others,
            )
            self.sleep(self.rate_limiter.reserve_wait_s(len(ours)))
            codes = self._transact(self.take_backs.progress_update(progress, new), ours)
            if not codes:
                self.rate_limiter.record_stored(len(ours))
                return new
            if codes[0] == _CHANGED:
                if self.take_backs.read_take_back(progress.file_id) == new:
                    return new  # An earlier attempt took effect and its answer was lost.
                raise TakenOverError
            if self.check and codes[1] == _CHANGED:
                raise NotStoredError
            if _CHANGED not in codes:  # Contention or throttling; otherwise an order has changed since it was read.
                self.rate_limiter.record_refusal()
                self.sleep(wait_s)
        raise ThrottledError(len(chunk.keys), _MOST_ATTEMPTS)

    def _look(self, keys: list[OrderKey]) -> tuple[list[OrderKey], int]:
        """Return those of the keys under which the table has an order of this file, and how many have another's."""
        items = batch_get(
            self.dynamodb,
            self.orders_table,
            [_table_key(key) for key in keys],
            things="orders",
            sleep=self.sleep,
            attributes=("order_id", "processed_timestamp", "file_id"),
        )
        ours, others = [], 0
        for item in items:
            if item.get("file_id") == {"S": self.entry.file_id}:
                ours.append((item["order_id"]["S"], item["processed_timestamp"]["S"]))
            else:
                others += 1
        return ours, others

    def _transact(self, count: ItemUpdate, keys: list[OrderKey]) -> list[str]:
        """Delete orders and write the count; returns [], or why not: a code for each item, "None" for a good one."""
        items: list[dict[str, Any]] = [{"Update": count.request(self.files.name)}]
        if self.check:
            items.append({"ConditionCheck": self.check.request(self.files.name)})
        items += [{"Delete": self._delete_request(key)} for key in keys]
        try:
            self.dynamodb.transact_write_items(TransactItems=items)  # type: ignore[arg-type]
        except self.dynamodb.exceptions.TransactionCanceledException as error:
            return [reason.get("Code", "None") for reason in error.response["CancellationReasons"]]
        return []

    def _delete_request(self, key: OrderKey) -> dict[str, Any]:
        return {
            "TableName": self.orders_table,
            "Key": _table_key(key),
            "ConditionExpression": "file_id = :file",
            "ExpressionAttributeValues": {":file": {"S": self.entry.file_id}},
        }


def must_be_stored(file_id: str) -> ItemCheck:
    """Demand that a file's orders are stored, and that no run of it is under way."""
    return ItemCheck(file_id, FILE_ENTRY, Attr("state").is_in(list(STORED)))


def _table_key(key: OrderKey) -> dict[str, Any]:
    order_id, processed_timestamp = key
    return {"order_id": {"S": order_id}, "processed_timestamp": {"S": processed_timestamp}}
