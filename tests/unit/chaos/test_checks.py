"""The account of a chaos run finds damage that is planted in a stack that is right."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.chaos.checks import CHECKS, check_all
from tests.chaos.history import Asked
from tests.chaos.metrics import check_metrics
from tests.unit.chaos.right_stack import right_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.history import History
    from tests.chaos.inventory import Inventory

FILES = 40


def found_by(inventory: Inventory, history: History) -> set[str]:
    """Name the checks that find a difference."""
    return {CHECKS[title].__name__ for title, differences in check_all(inventory, history).items() if differences}


def key(inventory: Inventory, name: str) -> str:
    """Find an object that the ledger names so."""
    return str(next(entry[name] for entry in inventory.files.values() if entry.get(name)))


def delete_order(inventory: Inventory, _: History) -> None:
    """Lose an order."""
    inventory.orders.pop(3)


def change_order(inventory: Inventory, _: History) -> None:
    """Change a price by the least amount."""
    inventory.orders[3] |= {"unit_price": inventory.orders[3]["unit_price"] + Decimal("0.0001")}


def double_order(inventory: Inventory, _: History) -> None:
    """Store an order twice, a microsecond apart."""
    inventory.orders.append(dict(inventory.orders[3]))


def add_order(inventory: Inventory, _: History) -> None:
    """Store an order of a row that was rejected."""
    inventory.orders.append(inventory.orders[3] | {"row_number": 9_999})


def order_of_nobody(inventory: Inventory, _: History) -> None:
    """Store an order of a file that nobody knows."""
    inventory.orders.append(inventory.orders[3] | {"file_id": "f" * 24})


def move_order_in_time(inventory: Inventory, _: History) -> None:
    """Give an order another key than its row's."""
    inventory.orders[3] |= {"processed_timestamp": "2026-11-22T10:00:00.999999123Z"}


def spoil_original(inventory: Inventory, _: History) -> None:
    """Change one byte of an original."""
    original = key(inventory, "original_key")
    inventory.objects[original] = b"X" + inventory.objects[original][1:]


def lose_original(inventory: Inventory, _: History) -> None:
    """Lose an original."""
    del inventory.objects[key(inventory, "original_key")]


def keep_two_originals(inventory: Inventory, _: History) -> None:
    """Keep an original in two places."""
    original = key(inventory, "original_key")
    inventory.objects[original.replace("archive/", "failed-data/", 1) + "2"] = inventory.objects[original]


def cut_rejected_rows(inventory: Inventory, _: History) -> None:
    """Lose the last rejected row of a file."""
    rejected = key(inventory, "rejected_key")
    inventory.objects[rejected] = inventory.objects[rejected].rstrip(b"\r\n").rpartition(b"\r\n")[0] + b"\r\n"


def change_reason(inventory: Inventory, _: History) -> None:
    """Give another reason for a rejected row."""
    rejected = key(inventory, "rejected_key")
    inventory.objects[rejected] = inventory.objects[rejected].replace(b": ", b": not ", 1)


def cut_accepted_rows(inventory: Inventory, _: History) -> None:
    """Cut the accepted rows' object."""
    accepted = key(inventory, "accepted_key")
    inventory.objects[accepted] = inventory.objects[accepted].rstrip(b"\r\n").rpartition(b"\r\n")[0] + b"\r\n"


def miscount(inventory: Inventory, _: History) -> None:
    """Let a counter be off by one."""
    inventory.counters["processed"] += 1


def miscount_rows(inventory: Inventory, _: History) -> None:
    """Let a file's count be off by one."""
    next(entry for entry in inventory.files.values() if entry["state"] == "processed")["accepted_rows"] += 1


def forget_run(_: Inventory, history: History) -> None:
    """Let a run begin that is not on record."""
    history.begun["r-dead"] = f"{0:024x}"


def forget_file(inventory: Inventory, _: History) -> None:
    """Lose a file's entry."""
    inventory.files.pop(next(iter(inventory.files)))


def leave_under_way(inventory: Inventory, _: History) -> None:
    """Leave a file queued for ever."""
    next(iter(inventory.files.values()))["state"] = "queued"


def forget_action(_: Inventory, history: History) -> None:
    """Confirm an action that is not in the log."""
    history.asked.append(Asked("20261122T100000Z-00000000", "reprocess", f"{0:024x}", 200))


def lose_letter(inventory: Inventory, _: History) -> None:
    """Leave a good file's message among the dead letters."""
    inventory.dead_letters.append(json.dumps({"Records": []}))


def leave_in_inbox(inventory: Inventory, _: History) -> None:
    """Leave a delete marker in the inbox."""
    inventory.inbox_versions.append("raw-data/a.csv 1")


def leave_working_object(inventory: Inventory, _: History) -> None:
    """Leave a working object."""
    inventory.objects["work-data/2026/11/22/0/00001.json"] = b"{}"


def leave_orphan(inventory: Inventory, _: History) -> None:
    """Leave an object that no file names."""
    inventory.objects["processed-data/2026/11/22/0/a.csv"] = b"x"


def lag_behind(inventory: Inventory, _: History) -> None:
    """Let an index lack an item."""
    inventory.indexes["by_customer"][0].pop()


DAMAGE: dict[Callable[[Inventory, History], None], str] = {
    delete_order: "check_orders",
    change_order: "check_orders",
    double_order: "check_orders",
    add_order: "check_orders",
    order_of_nobody: "check_ledger_knows_every_file",
    move_order_in_time: "check_orders",
    spoil_original: "check_originals",
    lose_original: "check_originals",
    keep_two_originals: "check_orphans",
    cut_rejected_rows: "check_rejected_rows",
    change_reason: "check_rejected_rows",
    cut_accepted_rows: "check_accepted_objects",
    miscount: "check_counters",
    miscount_rows: "check_ledger_counts",
    forget_run: "check_runs",
    forget_file: "check_ledger_knows_every_file",
    leave_under_way: "check_states",
    forget_action: "check_actions",
    lose_letter: "check_dead_letters",
    leave_in_inbox: "check_inbox",
    leave_working_object: "check_leftovers",
    leave_orphan: "check_orphans",
    lag_behind: "check_indexes",
}


def test_a_right_stack_passes() -> None:
    """No check complains about what is right."""
    inventory, history = right_stack(1, FILES)

    assert {title: found for title, found in check_all(inventory, history).items() if found} == {}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damage_is_found(damage: Callable[[Inventory, History], None]) -> None:
    """Each kind of damage is found by the check whose subject it is."""
    inventory, history = right_stack(1, FILES)

    damage(inventory, history)

    assert DAMAGE[damage] in found_by(inventory, history)


def test_a_copy_that_is_stored_unasked_is_found() -> None:
    """Two stored files of one content are an error, until somebody has asked for the second."""
    inventory, history = right_stack(1, FILES)
    one, other = [upload for upload in history.uploads if upload.verdict.state == "processed"][:2]
    other.file, other.verdict = one.file, one.verdict
    file_id = next(id_ for id_, entry in inventory.files.items() if entry["object_key"] == other.key)

    unasked = found_by(inventory, history)
    history.asked.append(Asked("20261122T100000Z-00000000", "process_anyway", file_id))

    assert "check_copies" in unasked
    assert "check_copies" not in found_by(inventory, history)


def test_a_second_copy_of_rejected_rows_is_found() -> None:
    """It is an error, until somebody's dismissal of the file may have left it in the archive."""
    inventory, history = right_stack(1, FILES)
    key = next(key for key in inventory.objects if key.startswith("failed-data/") and key.endswith(".rejected.csv"))
    inventory.objects[key.replace("failed-data/", "archive/", 1)] = inventory.objects[key]
    unasked = found_by(inventory, history)

    history.asked.append(Asked("20261122T100000Z-00000000", "dismiss", key.split("/")[4], 503))

    assert "check_rejected_rows" in unasked
    assert "check_rejected_rows" not in found_by(inventory, history)


def test_every_check_finds_some_damage() -> None:
    """No check is there that cannot fail."""
    assert {check.__name__ for check in CHECKS.values()} == {*DAMAGE.values(), "check_copies"}


def test_metrics_may_lack_only_what_died() -> None:
    """Sums above the truth, or further below it than dead invocations explain, are differences."""
    inventory, history = right_stack(1, FILES)
    runs = [run["outcome"] for runs in inventory.runs.values() for run in runs]
    truth = {f"Files{state.title()}": float(runs.count(state)) for state in ("processed", "partial", "failed", "held")}
    truth |= {"FilesReceived": float(len(runs)), "FilesDuplicate": 0.0, "RowsAccepted": 0.0, "RowsRejected": 0.0}
    low = truth | {"FilesProcessed": truth["FilesProcessed"] - 1}

    assert check_metrics(truth, inventory, history) == []
    assert check_metrics(low, inventory, history) != []
    assert check_metrics(truth | {"FilesFailed": truth["FilesFailed"] + 1}, inventory, history) != []
    history.killed = 1
    assert check_metrics(low, inventory, history) == []
