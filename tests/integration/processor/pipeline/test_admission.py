"""The same orders again: recognised before the first write, held, replaced, stored beside, or waited for."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.errors import MessageFailedError
from processor.domain.file_states import FileState
from processor.domain.holds import SameOrdersFound
from processor.domain.object_keys import comparison_key
from processor.domain.order_sample import OrderSample
from processor.messaging.messages import reprocess_body
from tests.integration.kill import Kill, Killer
from tests.integration.ranges import Machine
from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.domain.object_keys import ObjectVersion
    from tests.integration.stage import Stage

ROWS = ("A-1,Ada,Engine,1,2.50", "A-2,Bob,Pen,2,0.10", "A-2,Bob,Ink,1,3.00", "A-3,Cy,Cup,1,1.00")
FILE = csv_file(*ROWS)
SWAPPED = csv_file(
    *(",".join([*row.split(",")[1:], row.split(",")[0]]) for row in ROWS),
    header="customer_name,product_name,quantity,unit_price,order_id",
)
CHANGED = csv_file("A-1,Ada,Engine,1,9.99", "A-2,Bob,Ink,1,3", "A-2,Bob,Pen,2,0.1", "A-9,Dee,Hat,1,1.00")


def comparison_of(stage: Stage, entry: FileEntry) -> dict[str, Any]:
    """Read what lies beside a held original."""
    found: dict[str, Any] = json.loads(stage.read(comparison_key(entry.base, entry.file_id, entry.name)))
    return found


def ask(stage: Stage, entry: FileEntry, wish: str = "") -> FileEntry:
    """Let a person ask for a file once more, and run it."""
    stage.services.ledger.request_reprocess(entry.file_id, asked_for=wish)
    stage.handle(stage.message(reprocess_body(entry.file_id)))
    now = stage.services.ledger.read_file(entry.file_id)
    assert now
    return now


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("again.csv", FILE),
        ("bom.csv", b"\xef\xbb\xbf" + FILE.replace(b"\n", b"\r\n")),
        ("cut.csv", FILE.rstrip(b"\n")),
        ("packed.csv.gz", gzip.compress(FILE)),
        ("elsewhere/again.csv", FILE),
    ],
)
def test_equal_text_is_a_duplicate(stage: Stage, name: str, body: bytes) -> None:
    """However it was saved or packed, and whoever sent it."""
    first = stage.process("first.csv", FILE)

    again = stage.process(name, body)

    assert (again.state, again.cause, again.duplicate_of) == (FileState.DUPLICATE, "duplicate", first.file_id)
    assert "came before, as first.csv." in again.error
    [mail] = stage.mails()
    assert "first.csv, which is processed now: https://console.test/files/" in mail["Message"]
    assert len(stage.orders()) == 4


@pytest.mark.parametrize("name", ["swapped.csv", "elsewhere/swapped.csv"])
def test_equal_rows_in_other_bytes_are_held(stage: Stage, name: str) -> None:
    """Columns in another order, a spreadsheet's quotes: every order is the same."""
    first = stage.process("first.csv", FILE)

    again = stage.process(name, SWAPPED)

    assert (again.state, again.cause) == (FileState.HELD, "same_orders")
    assert again.same_orders_found == SameOrdersFound(3, 3, 3, 0, (first.file_id,))
    assert again.original_key.startswith("failed-data/")
    assert len(stage.orders()) == 4


def test_held_file_says_what_is_the_same_changed_and_new(stage: Stage) -> None:
    """With the changed orders side by side; 0.1 is 0.10, and the order of an order's lines does not matter."""
    first = stage.process("first.csv", FILE)

    again = stage.process("again.csv", CHANGED)

    assert again.same_orders_found == SameOrdersFound(3, 2, 1, 1, (first.file_id,))
    assert again.error == "2 of its 3 orders came before, in first.csv: 1 the same, 1 changed, 1 new."
    found = comparison_of(stage, again)
    assert found["files"] == [
        {"file_id": first.file_id, "name": "first.csv", "orders": 2, "settled_at": first.settled_at}
    ]
    [changed] = found["changed_orders"]
    assert (changed["order_id"], changed["file_id"]) == ("A-1", first.file_id)
    assert [line["unit_price"] for line in changed["before"] + changed["now"]] == ["2.50", "9.99"]
    [mail] = stage.mails()
    assert "replace the earlier orders" in mail["Message"]
    assert len(stage.orders()) == 4


def test_other_senders_may_bring_orders_of_the_same_number(stage: Stage) -> None:
    """A sender is the first folder; files directly in the inbox have one in common."""
    stage.process("acme/first.csv", FILE)

    other = stage.process("beta/first.csv", CHANGED)
    below = stage.process("acme/2026/11/again.csv", CHANGED)

    assert other.state is FileState.PROCESSED
    assert below.state is FileState.HELD


def test_equal_rows_within_a_file_are_stored_each(stage: Stage) -> None:
    """A customer may buy the same thing twice."""
    entry = stage.process("orders.csv", csv_file(ROWS[0], ROWS[0], ROWS[0]))

    assert entry.state is FileState.PROCESSED
    assert len(stage.orders()) == 3


def test_file_with_only_corrected_orders_is_stored(stage: Stage) -> None:
    """What was rejected is not among the registered orders, so its correction brings nothing twice."""
    stage.process("first.csv", csv_file(*ROWS, "A-4,Dee,Hat,one,1.00", "A-4,Dee,Cap,1,1.00"))

    corrected = stage.process("corrected.csv", csv_file("A-4,Dee,Hat,1,1.00", "A-4,Dee,Cap,1,1.00"))

    assert corrected.state is FileState.PROCESSED


def test_person_stores_a_held_file_beside_the_earlier_one(stage: Stage) -> None:
    """Both files' lines are there, and a third file is held for both."""
    first = stage.process("first.csv", FILE)
    held = stage.process("again.csv", CHANGED)

    stored = ask(stage, held, "store")
    third = stage.process("third.csv", csv_file("A-1,Ada,Engine,1,5.00"))

    assert (stored.state, stored.replaces, stored.same_orders) == (FileState.PROCESSED, (), {})
    assert [key for key in stage.objects("failed-data/") if held.file_id in key] == []
    assert len(stage.orders()) == 8
    assert set(third.same_orders["files"]) == {first.file_id, stored.file_id}


@pytest.mark.parametrize("by_policy", [False, True])
def test_file_that_replaces_names_what_is_taken_back(stage: Stage, *, by_policy: bool) -> None:
    """Its orders are stored first; then the worker is called, which alone deletes orders."""
    first = stage.process("first.csv", FILE)
    if by_policy:
        stage.configure(same_orders="replace")
        replacing = stage.process("again.csv", CHANGED)
    else:
        replacing = ask(stage, stage.process("again.csv", CHANGED), "replace")

    assert (replacing.state, replacing.replaces) == (FileState.PROCESSED, (first.file_id,))
    assert stage.worker.calls == [{"take_back": replacing.file_id}]
    assert len(stage.orders()) == 8


def test_equal_text_replaces_nothing(stage: Stage) -> None:
    """Where files replace by themselves, the same text is a duplicate all the same: there is nothing to change."""
    stage.configure(same_orders="replace")
    first = stage.process("first.csv", FILE)

    again = stage.process("again.csv", FILE.replace(b"\n", b"\r\n"))

    assert (again.state, again.duplicate_of) == (FileState.DUPLICATE, first.file_id)
    assert stage.worker.calls == []
    assert len(stage.orders()) == 4


def test_file_that_goes_back_to_an_earlier_text_replaces_what_came_between(stage: Stage) -> None:
    """The orders of the first file are about to be taken back, so the third is no duplicate of it."""
    stage.configure(same_orders="replace")
    first = stage.process("first.csv", FILE)
    second = stage.process("second.csv", CHANGED)

    third = stage.process("third.csv", FILE)

    assert (third.state, set(third.replaces)) == (FileState.PROCESSED, {first.file_id, second.file_id})


def test_older_file_replaces_nothing_of_a_newer_one(stage: Stage) -> None:
    """Its message was late: by policy or by a person's wish, the newer file's orders stay."""
    older = stage.upload("older.csv", FILE)
    stage.configure(same_orders="replace")
    newer = stage.upload("newer.csv", CHANGED)
    stage.deliver(newer)

    stage.deliver(older)
    by_policy = stage.entry(older)
    by_wish = ask(stage, by_policy, "replace")

    assert (by_policy.state, by_wish.state) == (FileState.HELD, FileState.HELD)
    assert "A newer file" in by_wish.error
    assert {order["file_id"] for order in stage.orders()} == {stage.entry(newer).file_id}


def test_same_orders_are_stored_where_the_policy_says_so(stage: Stage) -> None:
    """Nothing is registered then; equal text is a duplicate all the same."""
    stage.configure(same_orders="store")
    stage.process("first.csv", FILE)

    beside = stage.process("again.csv", CHANGED)
    duplicate = stage.process("third.csv", FILE)

    assert (beside.state, duplicate.state) == (FileState.PROCESSED, FileState.DUPLICATE)
    assert len(stage.orders()) == 8


def test_file_that_is_stored_is_found_behind_many_that_are_not(stage: Stage) -> None:
    """Somebody sends the same orders again and again, and none of these files is stored, or is still known."""
    first = stage.process("first.csv", FILE)
    orders = OrderSample.of(["A-1", "A-2", "A-3"])
    for number in range(200):
        other = first._replace(file_id=f"{number:024x}")
        stage.services.register.register(other, orders, "00", stage.services.now())

    again = stage.process("again.csv", CHANGED)

    assert (again.state, again.same_orders["files"]) == (FileState.HELD, [first.file_id])


def die_while_storing(stage: Stage, version: ObjectVersion) -> None:
    """Let the function die at its first batch of orders."""
    with pytest.raises(Kill), Killer(name="BatchWriteItem").watching(stage.clients):
        stage.deliver(version)


@pytest.mark.parametrize("body", [FILE, SWAPPED, CHANGED], ids=["equal text", "equal rows", "some orders"])
def test_file_waits_for_one_under_way(stage: Stage, body: bytes) -> None:
    """It is no duplicate of a file that may still fail; it goes on by itself, and the first is stored once."""
    first, second = stage.upload("first.csv", FILE), stage.upload("second.csv", body)
    die_while_storing(stage, first)

    stage.deliver(second)
    waiting = stage.entry(second)
    mails = stage.mails()
    stage.advance_clock()
    stage.deliver(first, receive_count=2)
    stage.handle_all()

    assert (waiting.state, waiting.waits_for) == (FileState.QUEUED, stage.entry(first).file_id)
    assert mails == []
    assert stage.entry(first).state is FileState.PROCESSED
    assert stage.entry(second).state in {FileState.HELD, FileState.DUPLICATE}
    assert stage.entry(second).waits_for == ""
    assert len(stage.orders()) == 4


def fail_before_the_claim(stage: Stage, version: ObjectVersion, receive_count: int = 1) -> None:
    """Let a run fail after it has registered its orders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.services.claims, "claim", None)
        with pytest.raises(MessageFailedError):
            stage.deliver(version, receive_count=receive_count)


@pytest.mark.parametrize("body", [FILE, CHANGED], ids=["equal text", "some orders"])
def test_waiting_file_is_stored_if_the_first_one_fails(stage: Stage, body: bytes) -> None:
    """The first has registered its orders, then it becomes a dead letter before it stores one: nothing is lost."""
    first, second = stage.upload("first.csv", FILE), stage.upload("second.csv", body)
    fail_before_the_claim(stage, first)
    stage.deliver(second)
    waiting = stage.entry(second)

    fail_before_the_claim(stage, first, receive_count=3)
    stage.handle_all(only_commands=True)

    assert waiting.waits_for == stage.entry(first).file_id
    assert stage.entry(first).state is FileState.DEAD_LETTERED
    assert stage.entry(second).state is FileState.PROCESSED
    assert {order["file_id"] for order in stage.orders()} == {stage.entry(second).file_id}


def test_dead_letter_that_may_have_stored_some_holds_others(stage: Stage) -> None:
    """Its rows may be there: a person redrives it, or decides about the other."""
    first, second = stage.upload("first.csv", FILE), stage.upload("second.csv", FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.clients.orders, "batch_write_item", None)
        with pytest.raises(MessageFailedError):
            stage.deliver(first, receive_count=3)

    stage.deliver(second)

    assert stage.entry(first).state is FileState.DEAD_LETTERED
    assert (stage.entry(second).state, stage.entry(second).cause) == (FileState.HELD, "same_orders")


def become_dead_letter(stage: Stage, version: ObjectVersion, receive_count: int = 3) -> None:
    """Let a run store the orders of a file, and fail then: nothing tells that they are stored."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.clients.s3, "put_object", None)
        with pytest.raises(MessageFailedError):
            stage.deliver(version, receive_count=receive_count)


@pytest.mark.parametrize("by_policy", [False, True], ids=["person", "policy"])
@pytest.mark.parametrize("dismissed", [False, True], ids=["dead letter", "dismissed"])
def test_dead_letter_is_not_replaced_before_it_is_run_again(stage: Stage, *, by_policy: bool, dismissed: bool) -> None:
    """Its stored orders have no list by which they could go back, and a redrive would bring all of them beside."""
    stage.configure(same_orders="replace" if by_policy else "hold")
    first = stage.upload("first.csv", FILE)
    become_dead_letter(stage, first)
    first_id = stage.entry(first).file_id
    if dismissed:
        stage.services.ledger.dismiss(first_id, "2026-11-29T10:00:00.000Z", lambda _: {})
    held = stage.process("second.csv", CHANGED)

    held = held if by_policy else ask(stage, held, "replace")
    ask(stage, stage.entry(first))
    replacing = ask(stage, held, "replace")

    assert (held.state, held.cause, held.replaces) == (FileState.HELD, "same_orders", ())
    assert "Of first.csv only some may be stored: run that again" in held.error
    assert stage.entry(first).state is FileState.PROCESSED
    assert (replacing.state, replacing.replaces) == (FileState.PROCESSED, (first_id,))


def test_waiting_file_goes_on_although_the_mail_about_a_dead_letter_fails(stage: Stage) -> None:
    """No later delivery of the dead letter would wake it."""
    first, second = stage.upload("first.csv", FILE), stage.upload("second.csv", CHANGED)
    become_dead_letter(stage, first, receive_count=1)
    stage.deliver(second)
    waiting = stage.entry(second)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.clients.sns, "publish", None)
        become_dead_letter(stage, first)
    stage.handle_all(only_commands=True)

    assert waiting.waits_for == stage.entry(first).file_id
    assert stage.entry(first).state is FileState.DEAD_LETTERED
    assert stage.entry(second).state is FileState.HELD


def test_dismissed_duplicate_is_a_duplicate_again_when_it_is_reprocessed(stage: Stage) -> None:
    """Nobody has asked for its orders to be stored beside the first one's."""
    stage.process("first.csv", FILE)
    again = stage.process("again.csv", FILE)
    stage.services.ledger.dismiss(again.file_id, "2026-11-29T10:00:00.000Z", lambda _: {})

    reprocessed = ask(stage, again)
    stored = ask(stage, again, "store")

    assert (reprocessed.state, reprocessed.duplicate_of) == (FileState.DUPLICATE, again.duplicate_of)
    assert (stored.state, stored.duplicate_of) == (FileState.PROCESSED, "")


def test_large_files_are_compared_alike(stage: Stage) -> None:
    """Their orders are registered and compared when their ranges are planned."""
    machine = Machine.before(stage)
    versions = [stage.upload(f"{number}.csv", body) for number, body in enumerate((FILE, SWAPPED, CHANGED, FILE))]
    for version in versions:
        stage.deliver(version)
        machine.run()

    states = [stage.entry(version).state for version in versions]

    assert states == [FileState.PROCESSED, FileState.HELD, FileState.HELD, FileState.DUPLICATE]
    assert len(stage.orders()) == 4


def test_large_file_that_replaces_has_the_worker_called(stage: Stage) -> None:
    """Its last step calls it, when its orders are stored."""
    first = stage.process("first.csv", FILE)
    machine = Machine.before(stage, same_orders="replace")
    large = stage.upload("large.csv", CHANGED)

    stage.deliver(large)
    machine.run()

    assert stage.entry(large).replaces == (first.file_id,)
    assert stage.worker.calls == [{"take_back": stage.entry(large).file_id}]


def test_file_is_not_compared_with_itself(stage: Stage) -> None:
    """A reprocess writes the same orders under the same keys."""
    first = stage.process("first.csv", FILE)

    again = ask(stage, first)

    assert again.state is FileState.PROCESSED
    assert len(stage.orders()) == 4


@pytest.mark.parametrize(
    ("metadata", "settings", "cause"),
    [
        ({"rows": "5"}, {}, "totals"),
        ({"total": "6.71"}, {}, "totals"),
        ({"rows": "4", "total": "6.7"}, {}, ""),
        ({}, {"line_end": "required"}, "cut_off"),
        ({}, {"line_end": "optional"}, ""),
    ],
)
def test_file_that_is_held_by_itself_is_stored_when_a_person_says_so(
    stage: Stage, metadata: dict[str, str], settings: dict[str, str], cause: str
) -> None:
    """Nothing of it is stored before; what was announced and read stays with it."""
    stage.configure(**settings)
    held = stage.process("orders.csv", FILE.rstrip(b"\n"), **metadata)
    before = len(stage.orders())

    stored = ask(stage, held, "store") if cause else held

    assert (held.state, held.cause) == ((FileState.HELD, cause) if cause else (FileState.PROCESSED, ""))
    assert before == (0 if cause else 4)
    assert stored.state is FileState.PROCESSED
    assert (stored.announced_rows, stored.announced_total) == (metadata.get("rows", ""), metadata.get("total", ""))
    assert stored.warnings == ("The last row has no line end: the upload may have been cut off.",)
    [*_, run] = stage.services.ledger.list_runs(stored.file_id)
    assert (run.read_rows, run.read_quantity, run.read_total) == (4, 5, "6.70")


@pytest.mark.parametrize(("stored_under", "later"), [("row", "order"), ("order", "row")])
def test_file_is_run_again_under_the_rule_by_which_its_orders_are_stored(
    stage: Stage, stored_under: str, later: str
) -> None:
    """Otherwise rows that the new run leaves out would stay in the table."""
    stage.configure(reject=stored_under)
    first = stage.process("first.csv", csv_file(*ROWS, "A-1,Ada,Crank,one,2.50"))
    before = stage.orders()
    stage.configure(reject=later)

    again = ask(stage, first)

    assert (again.state, again.accepted_rows, again.rejected_rows) == (
        FileState.PARTIAL,
        first.accepted_rows,
        first.rejected_rows,
    )
    assert [order["row_number"] for order in stage.orders()] == [order["row_number"] for order in before]
    assert again.accepted_rows == (4 if stored_under == "row" else 3)
