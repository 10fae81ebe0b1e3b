"""The cost of recognising the same orders: write units and reads of a file, whatever its rows."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from tests.integration.kill import Killer
from tests.integration.stage import csv_file, s3_record

if TYPE_CHECKING:
    from tests.integration.stage import Stage

_WRITE_UNIT = 1_024


def size_of(value: Any) -> int:
    """Return the size of an attribute value, as DynamoDB counts it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    [(kind, content)] = value.items()
    if kind == "N":
        return len(content) // 2 + 2
    if kind == "M":
        return 3 + sum(len(name) + 1 + size_of(each) for name, each in content.items())
    if kind == "L":
        return 3 + sum(1 + size_of(each) for each in content)
    return 1 if kind == "BOOL" else len(content.encode() if isinstance(content, str) else content)


def test_file_of_a_thousand_orders_costs_five_units_and_three_reads_more(stage: Stage) -> None:
    """Its orders are one item, and its entry stays below 1 KB, where each write costs twice as much."""
    rows = (f"ORDER-2026-{number:06},Customer {number % 50},Product {number % 9},3,12.50" for number in range(1_000))
    version = stage.upload("acme/orders-2026-11-22.csv", csv_file(*rows))
    record = s3_record(version) | {"userIdentity": {"principalId": "AWS:AROAEXAMPLEEXAMPLE12:partner-upload"}}
    message = stage.message(json.dumps({"Records": [record]}))

    with Killer().watching(stage.clients) as calls:
        stage.handle(message)

    items = stage.clients.files.scan(TableName="files")["Items"]
    sizes = {
        item["entry"]["S"]: sum(len(name) + size_of(value) for name, value in item.items())
        for item in items
        if item["file_id"]["S"].startswith("orders#") or item["entry"]["S"] == "file"
    }
    [registered] = [size for entry, size in sizes.items() if entry != "file"]
    assert math.ceil(registered / _WRITE_UNIT) <= 5
    assert sizes["file"] < _WRITE_UNIT
    reads = [call for call in calls.calls if call in {"Query", "GetItem", "BatchGetItem", "Scan"}]
    assert len(reads) == 3
