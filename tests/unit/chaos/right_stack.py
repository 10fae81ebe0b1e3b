"""The inventory of a stack that has done everything right with some files, in which damage can be planted."""

from __future__ import annotations

import copy
import csv
import functools
import hashlib
import io
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.chaos.checks import ENRICHED, REJECTED
from tests.chaos.files import FileMaker
from tests.chaos.history import History, Upload
from tests.chaos.inventory import Inventory, Item
from tests.chaos.rules import Verdict, judge

BASE = datetime(2026, 11, 22, 10, 0, 0, 5, tzinfo=UTC)


def lines(header: list[str], rows: list[list[str]]) -> bytes:
    """Write CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
    return text.getvalue().encode()


def right_stack(seed: int, files: int) -> tuple[Inventory, History]:
    """Return files, and the inventory that is right for them, which the caller may spoil."""
    inventory, history = _make(seed, files)
    uploads = [replace(upload) for upload in history.uploads]
    return copy.deepcopy(inventory), History(uploads=uploads)


@functools.cache
def _make(seed: int, files: int) -> tuple[Inventory, History]:
    history, inventory = History(), Inventory(bucket="b")
    bodies: set[bytes] = set()
    for number, file in enumerate(FileMaker(random.Random(seed), "chaos-unit").make(files)):  # noqa: S311
        if file.body not in bodies:
            bodies.add(file.body)
            upload = Upload(file, f"raw-data/{file.name}", f"v{number}", judge(file.name, file.body, file.encoding))
            history.uploads.append(upload)
            _settle(inventory, upload, f"{number:024x}")
    states = Counter(str(entry["state"]) for entry in inventory.files.values())
    waiting = sum(entry["rejected_rows"] for entry in inventory.files.values() if entry["state"] == "partial")
    inventory.counters = {**states, "rejected_rows": waiting}
    inventory.indexes = {"by_customer": (list(inventory.orders), inventory.orders)}
    return inventory, history


def _settle(inventory: Inventory, upload: Upload, file_id: str) -> None:
    verdict, name = upload.verdict, upload.key.rpartition("/")[2]
    place = "failed-data" if verdict.state in {"failed", "held"} else "archive"
    stored = Verdict() if verdict.held else verdict
    entry: Item = {
        "file_id": file_id,
        "object_key": upload.key,
        "version_id": upload.version_id,
        "state": verdict.state,
        "counted_as": verdict.state,
        "cause": verdict.cause or verdict.held,
        "base_timestamp": f"{BASE:%Y-%m-%dT%H:%M:%S.%fZ}",
        "accepted_rows": len(stored.accepted),
        "rejected_rows": len(stored.rejected),
        "content_sha256": hashlib.sha256(upload.file.body).hexdigest(),
        "original_key": f"{place}/2026/11/22/{file_id}/{name}",
    }
    inventory.objects[entry["original_key"]] = upload.file.body
    for row, values in stored.accepted.items():
        order = {**values._asdict(), "line_total": values.line_total, "row_number": row, "file_id": file_id}
        order["processed_timestamp"] = f"{BASE + timedelta(microseconds=row):%Y-%m-%dT%H:%M:%S.%f}123Z"
        inventory.orders.append(order)
    if stored.accepted:
        entry["accepted_key"] = f"processed-data/2026/11/22/{file_id}/{name}.csv"
        mine = inventory.orders[-len(stored.accepted) :]
        inventory.objects[entry["accepted_key"]] = lines(ENRICHED, [[str(o[c]) for c in ENRICHED] for o in mine])
    if stored.rejected:
        entry["rejected_key"] = f"failed-data/2026/11/22/{file_id}/{name}.rejected.csv"
        told = [["", "", "", "", "", str(row), *each] for row, each in stored.rejected.items()]
        inventory.objects[entry["rejected_key"]] = lines(REJECTED, told)
    run = {"run_id": f"r{file_id}", "outcome": verdict.state, "started_at": entry["base_timestamp"]}
    inventory.files[file_id], inventory.runs[file_id] = entry, [run]
