"""Pages of the files table's indexes, with cursors in both directions: one read for each page.

A position is the key of an item, so that items of the same time are neither shown twice nor left out, and pages stay
the same while newer items arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import ConditionBase, Key

from processor.domain.cursors import CursorError, Direction, pack, unpack
from processor.ledger.table import deserialise, key_condition_request, serialise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processor.ledger.table import FilesTable

_SORT_KEY = "received_at"
MOST_SEARCHED = 1_000
"""Items that one filtered page searches: about the 1 MB that DynamoDB reads at a time."""


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Items, the newest first, the cursors of the pages around them, and how far a search went that ended early."""

    items: tuple[dict[str, Any], ...]
    older: str
    newer: str
    searched_to: str


@dataclass(frozen=True, slots=True)
class _Position:
    """The beginning of a page, and its direction. Without ``file_id`` it is a moment, which is part of the page."""

    direction: Direction
    at: str
    file_id: str = ""
    entry: str = ""

    @classmethod
    def from_cursor(cls, cursor: str, since: str, until: str) -> _Position | None:
        if not cursor:
            return None
        direction, (at, file_id, entry) = unpack(cursor, 3)
        position = cls(direction, at, file_id, entry)
        whole = position.at and bool(position.file_id) == bool(position.entry)
        # DynamoDB refuses a start key outside the key condition.
        within = position.at >= since and (not until or position.at <= until)
        if not whole or not within:
            raise CursorError(cursor)
        return position

    @classmethod
    def of(cls, direction: Direction, item: dict[str, Any]) -> _Position:
        return cls(direction, item[_SORT_KEY], item["file_id"], item["entry"])

    @property
    def cursor(self) -> str:
        return pack(self.direction, self.at, self.file_id, self.entry)


def cursor_behind(received_at: str, file_id: str, entry: str) -> str:
    """Return the cursor of the page of items older than this one."""
    return _Position(Direction.OLDER, received_at, file_id, entry).cursor


def read_index_page(
    table: FilesTable,
    index: str,
    partition: tuple[str, str],
    *,
    cursor: str = "",
    limit: int,
    span: tuple[str, str] = ("", ""),
    passes: Callable[[dict[str, Any]], bool] | None = None,
    from_oldest: bool = False,
) -> IndexPage:
    """Read one page of an index that is sorted by ``received_at``.

    ``partition`` is the name and value of its key; ``span`` bounds the time, with both ends, and "" is no bound. With
    ``passes``, a filter that DynamoDB cannot apply, at most :data:`MOST_SEARCHED` items are searched, and the page says
    how far. Without a cursor it is the page of the newest, or of the oldest. Raises :class:`CursorError`.
    """
    since, until = span
    start = _Position.from_cursor(cursor, since, until)
    direction = start.direction if start else (Direction.NEWER if from_oldest else Direction.OLDER)
    to_older = direction is Direction.OLDER
    request = _request(partition, start, since, until)
    answer = table.client.query(
        TableName=table.name,
        IndexName=index,
        ScanIndexForward=not to_older,
        Limit=MOST_SEARCHED if passes else limit + 1,
        **request,
    )
    items = [deserialise(item) for item in answer["Items"]]
    if passes:
        items = [item for item in items if passes(item)]
    stopped_at = deserialise(answer["LastEvaluatedKey"]) if "LastEvaluatedKey" in answer else None
    has_more = len(items) > limit
    items = items[:limit]
    last = items[-1] if has_more else stopped_at
    ahead = _Position.of(direction, last).cursor if last else ""
    behind = _cursor_back(start, items)
    return IndexPage(
        tuple(items if to_older else reversed(items)),
        older=ahead if to_older else behind,
        newer=behind if to_older else ahead,
        searched_to=stopped_at[_SORT_KEY] if passes and stopped_at and not has_more else "",
    )


def _cursor_back(start: _Position | None, items: Sequence[dict[str, Any]]) -> str:
    """Return the cursor towards the page before. From an empty page it begins at that page's own position."""
    if start is None:
        return ""
    back = start.direction.opposite
    return (_Position.of(back, items[0]) if items else _Position(back, start.at)).cursor


def _request(partition: tuple[str, str], start: _Position | None, since: str, until: str) -> dict[str, Any]:
    """Write the key condition and the start key."""
    name, value = partition
    if start and not start.file_id:
        since, until = (start.at, until) if start.direction is Direction.NEWER else (since, start.at)
    condition: ConditionBase = Key(name).eq(value)
    if since and until:
        condition &= Key(_SORT_KEY).between(since, until)
    elif since:
        condition &= Key(_SORT_KEY).gte(since)
    elif until:
        condition &= Key(_SORT_KEY).lte(until)
    request = key_condition_request(condition)
    if start and start.file_id:
        key = {"file_id": start.file_id, "entry": start.entry, name: value, _SORT_KEY: start.at}
        request["ExclusiveStartKey"] = serialise(key)
    return request
