"""The account: whether what a stack holds is what the uploads and the actions of people make it hold.

Each check returns the differences in words. It reads an inventory and a history, and touches nothing, so that planted
damage shows that it finds some.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from tests.chaos.leftovers import check_actions, check_dead_letters, check_inbox, check_leftovers, check_orphans
from tests.chaos.rules import COLUMNS, KEPT_OF_ORIGINAL, Rejection, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.chaos.history import History, Upload
    from tests.chaos.inventory import Inventory, Item

STORED = ("processed", "partial")
AT_REST = (*STORED, "failed", "held", "duplicate", "dismissed")
OUTCOMES = (*STORED, "failed", "held", "duplicate", "error", "died")
ENRICHED = [
    "order_id",
    "processed_timestamp",
    "customer_name",
    "product_name",
    "quantity",
    "unit_price",
    "line_total",
    "row_number",
]
REJECTED = [*COLUMNS, "waybill_row", "waybill_reasons", "waybill_original"]


class Fate(NamedTuple):
    """An upload with what the ledger, the orders table and the bucket hold of it."""

    upload: Upload
    entry: Item
    runs: list[Item]
    orders: list[Item]
    objects: dict[tuple[str, str], list[bytes]]
    """The contents by prefix and kind (original, accepted, rejected)."""

    @property
    def name(self) -> str:
        """The file as messages name it."""
        return f"{self.upload.key} ({self.upload.file.kind}, {self.entry['state']})"

    @property
    def stored(self) -> bool:
        """Whether its rows have to be orders."""
        return _outcome(self) in STORED


type Check = Callable[[Inventory, History, list[Fate]], list[str]]


def find_fates(inventory: Inventory, history: History) -> list[Fate]:
    """Find what became of each upload that the ledger knows."""
    entries = {(entry["object_key"], entry["version_id"]): entry for entry in inventory.files.values()}
    orders: dict[str, list[Item]] = {}
    for order in inventory.orders:
        orders.setdefault(order["file_id"], []).append(order)
    objects: dict[str, dict[tuple[str, str], list[bytes]]] = {}
    for key, body in inventory.objects.items():
        prefix, _, rest = key.partition("/")
        owner = (rest.split("/") + [""] * 5)[3] if prefix != "raw-data" else ""
        objects.setdefault(owner, {}).setdefault((prefix, _kind(prefix, key)), []).append(body)
    asked_to_dismiss = {asked.file_id for asked in history.asked if asked.kind == "dismiss"}
    fates = []
    for upload in history.uploads:
        if entry := entries.get((upload.key, upload.version_id)):
            file_id = entry["file_id"]
            mine = objects.get(file_id, {})
            if file_id in asked_to_dismiss and entry["state"] != "dismissed":
                mine = _without_abandoned_copies(mine)
            fates.append(Fate(upload, entry, inventory.runs.get(file_id, []), orders.get(file_id, []), mine))
    return fates


def _kind(prefix: str, key: str) -> str:
    if key.endswith(".rejected.csv"):
        return "rejected"
    return "accepted" if prefix == "processed-data" else "original"


def _outcome(fate: Fate) -> str:
    """Return the file's last settlement; a dismissal changes none."""
    if fate.entry["state"] != "dismissed":
        return str(fate.entry["state"])
    settled = [run["outcome"] for run in fate.runs if run["outcome"] in AT_REST]
    return str(settled[-1]) if settled else ""


def _without_abandoned_copies(objects: dict[tuple[str, str], list[bytes]]) -> dict[tuple[str, str], list[bytes]]:
    """Leave out copies in the archive of what still waits: a dismissal that died after copying left them.

    The next dismissal of the file copies over them.
    """
    waiting = {kind: bodies for (prefix, kind), bodies in objects.items() if prefix == "failed-data"}
    return {
        place: bodies for place, bodies in objects.items() if place[0] != "archive" or bodies != waiting.get(place[1])
    }


def check_ledger_knows_every_file(inventory: Inventory, history: History, fates: list[Fate]) -> list[str]:
    """Every upload has an entry, and every entry an upload or an event."""
    known = {(entry["object_key"], entry["version_id"]) for entry in inventory.files.values()}
    announced = [(upload.key, upload.version_id) for upload in history.uploads if not upload.deleted]
    missing = [f"{key} has no entry in the ledger" for key, version in announced if (key, version) not in known]
    due = {(upload.key, upload.version_id) for upload in history.uploads} | set(history.gone)
    ids = {entry["file_id"] for entry in inventory.files.values()}
    missing += [f"{key} has an entry, and nobody sent it" for key, _ in sorted(known - due) if "/chaos-" in key]
    foreign = {order["file_id"] for order in inventory.orders} - ids
    return missing + [f"orders of an unknown file {file_id}" for file_id in sorted(foreign)]


def check_states(_inventory: Inventory, history: History, fates: list[Fate]) -> list[str]:
    """Every file is at rest in a state that its content and people's actions allow."""
    copies = Counter(fate.upload.file.body for fate in fates)
    dismissed = {asked.file_id for asked in history.asked if asked.kind == "dismiss"}
    wanted = {asked.file_id for asked in history.asked if asked.kind == "store"}
    voided = _voided(history)
    wrong = []
    for fate in fates:
        allowed = {fate.upload.verdict.state}
        allowed |= {"duplicate"} if copies[fate.upload.file.body] > 1 else set()
        allowed |= {"dismissed"} if fate.entry["file_id"] in dismissed else set()
        allowed |= {"partial"} if fate.upload.verdict.held and fate.entry["file_id"] in wanted else set()
        allowed |= {"voided"} if fate.entry["file_id"] in voided else set()
        allowed |= {"failed"} if fate.upload.deleted else set()
        if fate.entry["state"] not in allowed:
            wrong.append(f"{fate.name} may be {sorted(allowed)}: {fate.entry.get('error', '')}")
        cause, due = fate.entry.get("cause", ""), fate.upload.verdict.cause or fate.upload.verdict.held
        if fate.entry["state"] in {"failed", "held"} and not fate.upload.deleted and cause != due:
            wrong.append(f"{fate.name} is {fate.entry['state']} for {cause}, not for {due}")
    return wrong


def _voided(history: History) -> set[str]:
    """Name the files that somebody wanted to be voided, whether or not they were, and were stored again."""
    return {asked.file_id for asked in history.asked if asked.kind == "void"}


def check_copies(_inventory: Inventory, history: History, fates: list[Fate]) -> list[str]:
    """Of readable files with one content, one is stored, and another only where somebody asked for it."""
    groups: dict[bytes, list[Fate]] = {}
    for fate in fates:
        if fate.upload.verdict.state in STORED and not fate.upload.deleted:
            groups.setdefault(fate.upload.file.body, []).append(fate)
    asked = Counter(asked.file_id for asked in history.asked if asked.kind != "dismiss")
    wrong = []
    for group in groups.values():
        unasked = sum(fate.stored and not asked[fate.entry["file_id"]] for fate in group)
        if not any(fate.stored or fate.entry["state"] == "voided" for fate in group):
            wrong.append(f"{group[0].name}: none of {len(group)} files with this content is stored")
        if unasked > 1:
            wrong.append(f"{group[0].name}: {unasked} files with this content are stored, unasked")
    return wrong


def check_orders(_inventory: Inventory, _history: History, fates: list[Fate]) -> list[str]:
    """Each accepted row is an order exactly once with its exact value, and there is no other order."""
    wrong = []
    for fate in fates:
        due = fate.upload.verdict.accepted if fate.stored else {}
        found = Counter(int(order["row_number"]) for order in fate.orders)
        wrong += [f"{fate.name}: row {row} is stored {times} times" for row, times in found.items() if times > 1]
        if not fate.upload.deleted:
            wrong += [f"{fate.name}: row {row} is no order" for row in due if row not in found]
        for order in fate.orders:
            row = int(order["row_number"])
            expected = fate.upload.verdict.accepted.get(row) if fate.upload.deleted else due.get(row)
            if expected is None:
                wrong.append(f"{fate.name}: an order of row {row}, which has none")
            elif problem := _difference(order, expected, fate.entry["base_timestamp"]):
                wrong.append(f"{fate.name}: row {row}: {problem}")
    return wrong


def _difference(order: Item, row: Row, base: str) -> str:
    values = (row.order_id, row.customer_name, row.product_name, row.quantity, row.unit_price, row.line_total)
    found = tuple(order[name] for name in (*COLUMNS, "line_total"))
    moment = datetime.fromisoformat(base) + timedelta(microseconds=int(order["row_number"]))
    if not order["processed_timestamp"].startswith(f"{moment:%Y-%m-%dT%H:%M:%S.%f}"):
        return f"the time is {order['processed_timestamp']}, and the file's base {base}"
    return "" if found == values else f"{found} is stored for {values}"


def check_accepted_objects(_inventory: Inventory, _history: History, fates: list[Fate]) -> list[str]:
    """Compare the accepted rows' objects: each holds each accepted row once, in order, with its exact value."""
    wrong = []
    for fate in fates:
        due = fate.upload.verdict.accepted if fate.stored else {}
        bodies = fate.objects.get(("processed-data", "accepted"), [])
        if fate.upload.deleted:
            continue
        if len(bodies) != bool(due):
            wrong.append(f"{fate.name}: {len(bodies)} objects of accepted rows")
        elif bodies:
            header, *lines = csv.reader(io.StringIO(bodies[0].decode(), newline=""))
            values = [
                (int(line[7]), Row(_open(line[0]), _open(line[2]), _open(line[3]), int(line[4]), Decimal(line[5])))
                for line in lines
            ]
            if header != ENRICHED or values != list(due.items()):
                wrong.append(f"{fate.name}: the accepted rows' object differs: {_first(values, list(due.items()))}")
    return wrong


def check_rejected_rows(_inventory: Inventory, history: History, fates: list[Fate]) -> list[str]:
    """Compare the rejected rows' objects: each holds each rejected row once with its reasons and its text."""
    wrong = []
    for fate in fates:
        due = fate.upload.verdict.rejected if fate.stored else {}
        bodies = [
            body
            for (prefix, kind), all_of in fate.objects.items()
            # What a voided file had rejected is kept in the archive, also when it is stored once more.
            if kind == "rejected" and (prefix != "archive" or fate.entry["file_id"] not in _voided(history))
            for body in all_of
        ]
        if fate.upload.deleted:
            continue
        if len(bodies) != bool(due):
            wrong.append(f"{fate.name}: {len(bodies)} objects of rejected rows")
        elif bodies:
            header, *lines = csv.reader(io.StringIO(bodies[0].decode(), newline=""))
            found = [(int(line[5]), Rejection(line[6], _kept(_open(line[7])))) for line in lines]
            expected = [(row, Rejection(each.reasons, _kept(each.original))) for row, each in due.items()]
            if header != REJECTED or found != expected:
                wrong.append(f"{fate.name}: the rejected rows' object differs: {_first(found, expected)}")
    return wrong


def _kept(original: str) -> str:
    return original[:KEPT_OF_ORIGINAL]


def _open(cell: str) -> str:
    """Take off the apostrophes by which the parts of a cell are kept from being formulas."""
    return re.sub(r"(?:(?<=[;,|\t\r\n])|^)'(?=['\" ]*[-=+@])|^'(?=['\" ]*[\t\r\n])", "", cell)


def _first(found: Sequence[object], due: Sequence[object]) -> str:
    for one, other in zip(found, due, strict=False):
        if one != other:
            return f"{one!r:.150} for {other!r:.150}"
    return f"{len(found)} rows for {len(due)}"


def check_originals(_inventory: Inventory, _history: History, fates: list[Fate]) -> list[str]:
    """Each original lies in one place, the right one, byte for byte."""
    wrong = []
    for fate in fates:
        found = {prefix: bodies for (prefix, kind), bodies in fate.objects.items() if kind == "original"}
        place = "failed-data" if fate.entry["state"] in {"failed", "held"} else "archive"
        if fate.upload.deleted and not found:
            continue
        if {prefix: len(bodies) for prefix, bodies in found.items()} != {place: 1}:
            wrong.append(f"{fate.name}: originals in {sorted(found)}, not one in {place}")
        elif found[place][0] != fate.upload.file.body:
            wrong.append(f"{fate.name}: the original's bytes differ")
    return wrong


def check_ledger_counts(_inventory: Inventory, _history: History, fates: list[Fate]) -> list[str]:
    """Compare the ledger's counts and digests with the files."""
    wrong = []
    for fate in fates:
        if not fate.stored or fate.upload.deleted:
            continue
        verdict = fate.upload.verdict
        counts = int(fate.entry.get("accepted_rows", 0)), int(fate.entry.get("rejected_rows", 0))
        if counts != (len(verdict.accepted), len(verdict.rejected)):
            wrong.append(f"{fate.name}: counts {counts}, not {len(verdict.accepted)}, {len(verdict.rejected)}")
        if fate.entry["content_sha256"] != hashlib.sha256(fate.upload.file.body).hexdigest():
            wrong.append(f"{fate.name}: the digest of the content differs")
    return wrong


def check_runs(inventory: Inventory, history: History, fates: list[Fate]) -> list[str]:
    """Every run that took a file is on record, the dead ones too, and the last one agrees with the file's state."""
    recorded = {run["run_id"]: run for runs in inventory.runs.values() for run in runs}
    ours = {fate.entry["file_id"] for fate in fates}
    wrong = [
        f"run {run_id} of file {file_id} began and is not on record"
        for run_id, file_id in history.begun.items()
        if file_id in ours and run_id not in recorded
    ]
    for fate in fates:
        wrong += [
            f"{fate.name}: a run ended as {run['outcome']}" for run in fate.runs if run["outcome"] not in OUTCOMES
        ]
        settled = [run for run in fate.runs if run["outcome"] in AT_REST]
        by_a_person = fate.entry["state"] in {"dismissed", "voided"}
        if not settled or (not by_a_person and settled[-1]["outcome"] != fate.entry["state"]):
            wrong.append(f"{fate.name}: its runs ended as {[run['outcome'] for run in fate.runs]}")
    return wrong


def check_counters(inventory: Inventory, _history: History, _fates: list[Fate]) -> list[str]:
    """Add up the table: the counters of files by state, and of rejected rows that wait, are the same."""
    counted = [entry for entry in inventory.files.values() if entry.get("counted_as")]
    due = Counter(str(entry["counted_as"]) for entry in counted)
    waiting = sum(int(entry["rejected_rows"]) for entry in counted if entry["counted_as"] == "partial")
    due |= Counter({"rejected_rows": waiting})
    found = {name: number for name, number in inventory.counters.items() if number}
    wrong = [
        f"counted as {e['counted_as']}: {e['object_key']} ({e['state']})"
        for e in counted
        if e["counted_as"] != e["state"]
    ]
    return wrong + ([] if found == dict(+due) else [f"counters {found}, table {dict(+due)}"])


def check_indexes(inventory: Inventory, _history: History, _fates: list[Fate]) -> list[str]:
    """Each index holds the items of its table."""
    return [
        f"index {name} holds {len(found)} items, its table {len(due)}"
        for name, (found, due) in inventory.indexes.items()
        if sorted(map(repr, map(_sorted, found))) != sorted(map(repr, map(_sorted, due)))
    ]


def _sorted(item: Item) -> list[tuple[str, object]]:
    return sorted(item.items())


CHECKS: dict[str, Check] = {
    "Every file is in the ledger, and no other": check_ledger_knows_every_file,
    "Every file is at rest, in a state that its content and people's actions allow": check_states,
    "The same content is stored once, unless somebody asked for more": check_copies,
    "Each accepted row is an order exactly once, with its exact value": check_orders,
    "The accepted rows' objects hold the same": check_accepted_objects,
    "Each rejected row is told once, with its reasons and its text": check_rejected_rows,
    "Each original lies in one place, byte for byte": check_originals,
    "The ledger's counts and digests are the files'": check_ledger_counts,
    "Every run is on record, the dead ones too": check_runs,
    "The counters equal the table": check_counters,
    "The indexes equal their tables": check_indexes,
    "Dead letters are explained, and the queue is empty": check_dead_letters,
    "The inbox is empty": check_inbox,
    "No working object, unfinished upload or execution is left": check_leftovers,
    "No object is an orphan, and none is missing": check_orphans,
    "Every confirmed action is in the log, and done": check_actions,
}


def check_all(inventory: Inventory, history: History) -> dict[str, list[str]]:
    """Return the differences that each check finds."""
    fates = find_fates(inventory, history)
    return {title: check(inventory, history, fates) for title, check in CHECKS.items()}
