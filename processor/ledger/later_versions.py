"""Later versions: whether a file of the same key came after an object, and may have left the inbox since."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Attr, Key

from processor.domain.entries import FILE_KIND, FileEntry, from_iso, to_iso
from processor.ledger.table import deserialise, key_condition_request

if TYPE_CHECKING:
    from processor.ledger.table import FilesTable

_CLOCKS_DIFFER = timedelta(seconds=5)
_MOST_PAGES = 4
"""About 4,000 files after the object. A client writes the next version soon, or never."""


def find_later_version(table: FilesTable, object_key: str, order: tuple[str, str, str]) -> FileEntry | None:
    """Return a file of the key that came after what has this arrival order; its own entry is none."""
    since = to_iso(from_iso(order[0]) - _CLOCKS_DIFFER)
    condition = Key("kind").eq(FILE_KIND) & Key("received_at").gte(since)
    request = key_condition_request(condition, keep=Attr("object_key").eq(object_key))
    pages = table.client.get_paginator("query").paginate(TableName=table.name, IndexName="by_kind", **request)
    for _, page in zip(range(_MOST_PAGES), pages, strict=False):
        for entry in map(FileEntry.from_item, map(deserialise, page["Items"])):
            if entry.arrival_order > order:
                return entry
    return None
