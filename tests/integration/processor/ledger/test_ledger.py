"""The ledger's guards: who may take a file, who owns a content, and which moves are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.errors import (
    FileBusyError,
    IllegalTransitionError,
    LeaseLostError,
    OrdersBusyError,
    OrdersGoingBackError,
)
from processor.domain.file_states import FileState
from processor.domain.object_keys import ObjectVersion
from processor.ledger.content_claims import Claim
from processor.ledger.run_begin import RunStart
from processor.ledger.table import ConditionFailedError

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.ledger.content_claims import ContentClaims
    from processor.ledger.ledger import Ledger
    from tests.integration.stage import Stage

SOURCE = ObjectVersion("bucket", "raw-data/a.csv", "v1")


def start(run: str, message: str = "m1", now: int = 1_000) -> RunStart:
    """Build a run that may work for 100 seconds."""
    return RunStart(run, f"2026-11-22T10:00:0{run[-1]}.000000Z", message, 1, now, now + 100)


@pytest.fixture
def ledger(stage: Stage) -> Ledger:
    """Provide an empty ledger."""
    return stage.services.ledger


@pytest.fixture
def claims(stage: Stage) -> ContentClaims:
    """Provide the claims of the same, empty, table."""
    return stage.services.claims


def begun(ledger: Ledger, run: RunStart) -> FileEntry:
    """Begin a run that must be allowed to."""
    answer = ledger.begin_run("f1", SOURCE, run)
    assert answer.may_run
    return answer.entry


def test_base_timestamp_is_fixed_by_the_first_run(ledger: Ledger) -> None:
    """Later runs count from the same moment, or their orders would have other keys."""
    first = begun(ledger, start("r1"))
    ledger.fail_run(first, FileState.QUEUED, cause="x", error="y")

    second = begun(ledger, start("r2"))

    assert second.base_timestamp == first.base_timestamp == "2026-11-22T10:00:01.0000001Z"
    assert second.run_started_at == "2026-11-22T10:00:02.000000Z"


def test_what_the_event_tells_is_kept_from_the_first_event_that_tells_it(ledger: Ledger) -> None:
    """A run that a person or a poor event asked for leaves it open; a later event does not change it."""
    tells: dict[str, Any] = {
        "uploaded_at": "2026-11-22T10:00:00.000000Z",
        "sent_by": "AWS:A:person",
        "sequencer": "0055",
        "is_copy": True,
    }
    other: dict[str, Any] = {
        "uploaded_at": "2026-11-22T11:00:00.000000Z",
        "sent_by": "AWS:B:other",
        "sequencer": "0056",
        "is_copy": True,
    }
    nothing: dict[str, Any] = {}

    for number, told in enumerate([nothing, tells, other]):
        entry = begun(ledger, start(f"r{number}")._replace(**told))
        ledger.fail_run(entry, FileState.QUEUED, cause="x", error="y")

    kept = ledger.read_file("f1")
    assert kept is not None
    assert {name: getattr(kept, name) for name in tells} == tells


def test_file_under_way_is_busy_for_its_own_message(ledger: Ledger) -> None:
    """The same message must come back when the lease has ended."""
    begun(ledger, start("r1"))

    with pytest.raises(FileBusyError) as raised:
        ledger.begin_run("f1", SOURCE, start("r2", now=1_040))

    assert raised.value.free_in_s == 61


def test_file_under_way_is_left_to_the_other_message(ledger: Ledger) -> None:
    """Another message about the file has nothing to do."""
    begun(ledger, start("r1", "m1"))

    assert not ledger.begin_run("f1", SOURCE, start("r2", "m2")).may_run


def test_ended_lease_is_taken_over(ledger: Ledger) -> None:
    """A run whose lease has ended is dead: its end is recorded, and it can write nothing more."""
    dead = begun(ledger, start("r1"))

    taken = begun(ledger, start("r2", "m2", now=1_101))

    assert taken.run_id == "r2"
    assert [(run.run_id, run.outcome) for run in ledger.list_runs("f1")] == [("r1", "died")]
    with pytest.raises(LeaseLostError):
        ledger.settle(dead, FileState.PROCESSED, "now")
    with pytest.raises(LeaseLostError):
        ledger.report_progress(dead, rows=1, read_bytes=1, size_bytes=2)


@pytest.mark.parametrize("state", [FileState.PROCESSED, FileState.FAILED, FileState.DUPLICATE])
def test_settled_file_is_not_begun_again(ledger: Ledger, state: FileState) -> None:
    """A second delivery finds the file settled."""
    ledger.settle(begun(ledger, start("r1")), state, "now")

    answer = ledger.begin_run("f1", SOURCE, start("r2", "m2"))

    assert not answer.may_run
    assert answer.entry.state is state


def test_settling_into_a_state_that_no_run_reaches_is_refused(ledger: Ledger) -> None:
    """Only the table of transitions says what a run can make of a file."""
    entry = begun(ledger, start("r1"))

    with pytest.raises(IllegalTransitionError):
        ledger.settle(entry, FileState.REPAIRED, "now")


def test_progress_is_visible_while_the_run_goes_on(ledger: Ledger) -> None:
    """Rows and bytes read so far, and of how many, stand in the file's entry."""
    ledger.report_progress(begun(ledger, start("r1")), rows=500, read_bytes=9_000, size_bytes=20_000)

    entry = ledger.read_file("f1")

    assert entry is not None
    assert (entry.progress_rows, entry.progress_bytes, entry.size_bytes) == (500, 9_000, 20_000)


def test_settled_entry_shows_only_its_newest_run(ledger: Ledger) -> None:
    """An error of an earlier run is history: it is in the runs, not on the file."""
    failed = ledger.settle(begun(ledger, start("r1")), FileState.FAILED, "now", cause="empty", error="No bytes.")
    ledger.request_reprocess(failed.file_id)

    settled = ledger.settle(begun(ledger, start("r2")), FileState.PROCESSED, "later", accepted_rows=3)

    assert settled == ledger.read_file("f1")
    assert (settled.cause, settled.error, settled.asked_again, settled.accepted_rows) == ("", "", False, 3)


def test_asking_for_a_new_run_twice_is_asking_once(ledger: Ledger) -> None:
    """A double click is harmless, and a file under way is refused."""
    ledger.settle(begun(ledger, start("r1")), FileState.PROCESSED, "now")

    ledger.request_reprocess("f1")
    ledger.request_reprocess("f1")

    begun(ledger, start("r2"))
    with pytest.raises(IllegalTransitionError, match="processing cannot become reprocessing"):
        ledger.request_reprocess("f1")


def test_unknown_file_cannot_be_reprocessed(ledger: Ledger) -> None:
    """There is nothing to run again."""
    with pytest.raises(IllegalTransitionError, match="new cannot become reprocessing"):
        ledger.request_reprocess("nobody")


def test_file_whose_orders_go_back_is_left_alone(ledger: Ledger) -> None:
    """A redriven message comes again much later, so that few of its receives are used up; nobody moves the file."""
    ledger.fail_run(begun(ledger, start("r1")), FileState.DEAD_LETTERED, cause="c", error="e")
    dead = ledger.read_file("f1")
    assert dead is not None
    ledger.mark_taking_back(dead, "action-1")

    with pytest.raises(OrdersBusyError) as busy:
        ledger.begin_run("f1", SOURCE, start("r2"))

    assert busy.value.free_in_s >= 600
    with pytest.raises(OrdersGoingBackError, match="action-1"):
        ledger.request_reprocess("f1")
    with pytest.raises(OrdersGoingBackError, match="action-1"):
        ledger.dismiss("f1", "now", lambda _: {})


def test_a_new_run_that_is_asked_for_meanwhile_is_noticed(ledger: Ledger) -> None:
    """Whoever has read the file before its orders began to go back decides anew."""
    ledger.settle(begun(ledger, start("r1")), FileState.PROCESSED, "now")
    before = ledger.read_file("f1")
    assert before is not None
    ledger.mark_taking_back(before, "action-1")

    with pytest.raises(ConditionFailedError):
        ledger.mark_taking_back(before, "action-2")
    with pytest.raises(ConditionFailedError):
        ledger.void(before, "now", "action-2")


MINE, OTHER = Claim("f1", "aa"), Claim("f2", "bb")


def test_content_belongs_to_its_first_file(ledger: Ledger, claims: ContentClaims) -> None:
    """The first file to claim rows owns them; claiming them again changes nothing."""
    begun(ledger, start("r1"))

    assert claims.claim("01", MINE) is None
    assert claims.claim("01", MINE) is None
    assert claims.claim("01", OTHER) == claims.read_claim("01") == MINE
    assert claims.claim("02", OTHER) is None


def test_content_of_a_failed_file_goes_to_the_next(ledger: Ledger, claims: ContentClaims) -> None:
    """A file that stored nothing does not keep its claim."""
    entry = begun(ledger, start("r1"))
    claims.claim("01", MINE)
    ledger.settle(entry, FileState.FAILED, "now")

    assert claims.claim("01", OTHER) is None
    assert claims.claim("01", MINE) is None


def test_content_that_is_replaced_goes_to_the_file_that_replaces_it(ledger: Ledger, claims: ContentClaims) -> None:
    """Whoever replaces a file owns the rows, although the earlier file still has its orders."""
    begun(ledger, start("r1"))
    claims.claim("01", MINE)

    assert claims.claim("01", OTHER, by_force=True) is None
    assert claims.read_claim("01") == OTHER
