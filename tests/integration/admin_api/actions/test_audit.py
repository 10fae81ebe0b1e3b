"""The audit log on moto: nothing that a caller can choose changes, hides or signs another entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_api.actions import bulk_files
from admin_api.actions.bulk import BulkWork
from admin_api.web.users import User
from processor.domain.actions import ActionKind, ActionState
from processor.domain.file_states import FileState
from tests.integration.admin_api.console import OPERATOR

if TYPE_CHECKING:
    from httpx2 import Response

    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage

MALLORY = User("subject-mallory", "mallory@example.com", ("operators",))
ID = "20261125T184400Z-0123abcd"


@pytest.fixture
def failed(console: ConsoleStage) -> FileEntry:
    """Provide a failed file."""
    return console.stage.process("bad.csv", b"%PDF")


def act(console: ConsoleStage, user: User, entry: FileEntry, **body: Any) -> Response:
    """Act on one file by the API."""
    return console.browser(user).post(f"/api/files/{entry.file_id}/actions", json={"action_id": ID, **body})


def entries(console: ConsoleStage) -> list[ActionEntry]:
    """List the whole log."""
    return list(console.console.actions.list_actions(limit=100).actions)


def run_workers(console: ConsoleStage) -> None:
    """Carry out every bulk action that was begun."""
    while console.worker.calls:
        action = console.console.actions.read_action(console.worker.calls.pop()["action_id"])
        assert action is not None
        if not action.is_finished:
            BulkWork(console.console, bulk_files.act_on_files, lambda: 900.0, sleep=lambda _: None).carry_out(action)


def test_a_bulk_action_cannot_take_the_place_of_an_entry(console: ConsoleStage, failed: FileEntry) -> None:
    """The id of a dismissal, used for many files, is refused; the dismissal stays in the log and in the story."""
    act(console, OPERATOR, failed, kind="dismiss", reason="I should not have.")
    [before] = entries(console)

    answer = console.browser(MALLORY).post(
        "/api/files/actions", json={"kind": "reprocess", "file_ids": [failed.file_id], "action_id": ID}
    )

    assert answer.status_code == 409
    assert ID in answer.json()["detail"]
    assert entries(console) == [before]
    story = console.browser().get(f"/api/files/{failed.file_id}").json()
    assert [(each["kind"], each["reason"]) for each in story["actions"]] == [("dismiss", "I should not have.")]
    assert console.worker.calls == []


@pytest.mark.parametrize(
    ("user", "body"),
    [
        (OPERATOR, {"kind": "reprocess"}),
        (OPERATOR, {"kind": "dismiss", "reason": "Another."}),
        (MALLORY, {"kind": "dismiss", "reason": "Sent twice."}),
        (MALLORY, {"kind": "reprocess"}),
    ],
    ids=["other kind", "other reason", "other person", "other person and kind"],
)
def test_a_used_id_is_refused_for_anything_else(
    console: ConsoleStage, failed: FileEntry, user: User, body: dict[str, str]
) -> None:
    """Nothing is done under it, and the entry stays its owner's."""
    act(console, OPERATOR, failed, kind="dismiss", reason="Sent twice.")
    [before] = entries(console)

    answer = act(console, user, failed, **body)

    assert answer.status_code == 409
    assert entries(console) == [before]
    assert console.console.ledger.read_file(failed.file_id).state is FileState.DISMISSED  # type: ignore[union-attr]


def test_an_id_is_that_of_one_file(console: ConsoleStage, failed: FileEntry) -> None:
    """The same id for a second file would be two actions under one name."""
    other = console.stage.process("worse.csv", b"%PDF2")
    act(console, OPERATOR, failed, kind="reprocess")

    assert act(console, OPERATOR, other, kind="reprocess").status_code == 409
    assert [each.file_id for each in entries(console)] == [failed.file_id]


def interrupted(console: ConsoleStage, entry: FileEntry, *, seconds_ago: float) -> ActionEntry:
    """Leave an action of the operator as a function that was killed leaves it."""
    from admin_api.actions.begin import ActionRequest, new_entry  # noqa: PLC0415

    asked = ActionRequest(OPERATOR, ActionKind.DISMISS, ID, "Sent twice.")
    action = new_entry(console.console, asked, file_id=entry.file_id, subject=entry.name, expected=1)
    at = console.console.now() - timedelta(seconds=seconds_ago)
    action = replace(action, at=at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    assert console.console.actions.begin_action(action)
    return action


def test_an_interrupted_action_does_what_it_was_asked_for(console: ConsoleStage, failed: FileEntry) -> None:
    """Another kind under its id is refused, although nobody has finished it."""
    interrupted(console, failed, seconds_ago=600)

    answer = act(console, MALLORY, failed, kind="reprocess")

    assert answer.status_code == 409
    assert console.console.ledger.read_file(failed.file_id) == failed


def test_who_completes_anothers_interrupted_action_is_recorded(console: ConsoleStage, failed: FileEntry) -> None:
    """It stays the first person's, with the name of the one who completed it."""
    interrupted(console, failed, seconds_ago=600)

    answer = act(console, MALLORY, failed, kind="dismiss", reason="Sent twice.")

    [action] = entries(console)
    assert (answer.status_code, action.state, action.done) == (200, ActionState.DONE, 1)
    assert (action.who, action.finished_by) == (OPERATOR.name, MALLORY.name)


def test_an_action_that_goes_on_is_left_to_whoever_asked(console: ConsoleStage, failed: FileEntry) -> None:
    """A few seconds are no interruption."""
    interrupted(console, failed, seconds_ago=5)

    assert act(console, MALLORY, failed, kind="dismiss", reason="Sent twice.").status_code == 409
    assert act(console, OPERATOR, failed, kind="dismiss", reason="Sent twice.").status_code == 200


def test_an_interrupted_action_on_one_file_is_resumed_by_a_worker(console: ConsoleStage, failed: FileEntry) -> None:
    """Its page offers that, the worker completes it, and both people are in the log."""
    interrupted(console, failed, seconds_ago=600)
    browser = console.browser(MALLORY)

    page = browser.get(f"/activity/{ID}")
    browser.post(f"/activity/{ID}/carry-on")
    run_workers(console)

    assert "Stalled" in page.text
    assert {(each.kind, each.who, each.state) for each in entries(console)} == {
        (ActionKind.DISMISS, OPERATOR.name, ActionState.DONE),
        (ActionKind.CARRY_ON, MALLORY.name, ActionState.DONE),
    }
    assert console.console.ledger.read_file(failed.file_id).state is FileState.DISMISSED  # type: ignore[union-attr]


def test_a_person_is_known_by_more_than_an_address(console: ConsoleStage, failed: FileEntry) -> None:
    """Whoever has the e-mail address later is not taken for the person who had it then."""
    act(console, OPERATOR, failed, kind="dismiss", reason="Sent twice.")
    successor = User("subject-new", OPERATOR.email, ("operators",))

    assert act(console, successor, failed, kind="dismiss", reason="Sent twice.").status_code == 409
    assert [each.sub for each in entries(console)] == [OPERATOR.subject]


_IDS = st.sampled_from(["20261125T184400Z-00000001", "20261125T184400Z-00000002"])
_STEPS = st.tuples(
    st.sampled_from([OPERATOR, MALLORY]),
    st.sampled_from(["reprocess", "dismiss", "process_anyway"]),
    _IDS,
    st.sampled_from(["", "Old.", "New."]),
    st.sampled_from(["one", "other", "both"]),
    st.booleans(),
)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(_STEPS, min_size=4, max_size=8))
def test_no_sequence_of_requests_changes_the_past(console: ConsoleStage, steps: list[Any]) -> None:
    """Whatever ids two people reuse, each entry stays listed, its person's, and as it was once it is over."""
    files = [console.stage.process(f"{number}.csv", b"%PDF" + bytes([number])) for number in range(2)]
    seen = {each.action_id: each for each in entries(console)}

    for user, kind, action_id, reason, target, works in steps:
        browser, body = console.browser(user), {"kind": kind, "action_id": action_id, "reason": reason}
        if target == "both":
            ids = [each.file_id for each in files]
            answer = browser.post("/api/files/actions", json={**body, "file_ids": ids})
        else:
            file_id = files[target == "other"].file_id
            answer = browser.post(f"/api/files/{file_id}/actions", json=body)
        if works:
            run_workers(console)

        assert answer.status_code in {200, 202, 409, 422}
        if answer.status_code < 300:
            told = answer.json()
            assert (told["kind"], told["reason"], told["who"]) == (kind, reason, user.name)
        now = {each.action_id: each for each in entries(console)}
        assert now.keys() >= seen.keys()
        for known in seen.values():
            same = now[known.action_id]
            assert (same.kind, same.who, same.sub, same.reason) == (known.kind, known.who, known.sub, known.reason)
            assert not known.is_finished or same == known
        seen = now
