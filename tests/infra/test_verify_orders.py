"""`make verify` on deployments that store an order twice, or do not take it back. Each failure says what was seen."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from cdk.commands.verify import files, orders
from cdk.commands.verify.checklist import CheckError, Checklist, LeftOutError
from tests.infra.answering_console import BUCKET_URL, MARK, URL, deployment
from tests.infra.aws_answers import PreparedSession

PERMISSION = httpx.Response(
    201, json={"url": BUCKET_URL, "fields": {"key": "raw-data/x"}, "object_key": "raw-data/console/1/x"}
)
STORED = httpx.Response(204, headers={"access-control-allow-origin": URL, "x-amz-version-id": "v1"})
ENTRY = {"file_id": "f1", "version_id": "v1", "state": "processed", "cause": "", "error": ""}
ACTION = {"action_id": "a1", "finished_at": "2026", "failed": 0, "error": ""}


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing."""
    monkeypatch.setattr("cdk.commands.verify.checklist.POLL_S", 0)
    for module, name in ((files, "SETTLE_S"), (orders, "SETTLE_S"), (orders, "VOIDED_S")):
        monkeypatch.setattr(module, name, 0)


def console(session: PreparedSession, found: list[Any], entry: dict[str, str], action: dict[str, Any]) -> orders.Orders:
    """Return the assertions about a console with these orders, this file and this action."""
    answers: dict[str, Any] = {
        "files": {"files": [ENTRY | entry]},
        "f1": {"file": ENTRY | {"state": "voided"} | entry},
        "orders": {"orders": found},
        "a1": ACTION | action,
    }
    documents = {name: httpx.Response(200, json=answer) for name, answer in answers.items()}
    begun = httpx.Response(200, json={"action_id": "a1"})
    stack = deployment(session, POST_uploads=PERMISSION, POST_bucket=STORED, POST_actions=begun, **documents)
    return orders.Orders(stack)


def prepared(policy: str) -> PreparedSession:
    """Return a session that tells the processor's policy."""
    session = PreparedSession()
    variables = {"Variables": {"SAME_ORDERS": policy}}
    session.prepare("lambda", "get_function_configuration", {"Environment": variables})
    return session


@pytest.mark.parametrize("entry", [{}, {"state": "held", "cause": "totals"}, {"state": "duplicate"}])
def test_a_repeated_order_that_is_not_held_is_seen(entry: dict[str, str]) -> None:
    """Stored, or held for something else."""
    session = prepared("hold")

    with session.active(), pytest.raises(CheckError, match="not held: same_orders"):
        console(session, [], entry, {})._hold(Checklist(print))


def test_where_nothing_is_held_the_assertion_is_left_out() -> None:
    """By the deployment's own policy."""
    session = prepared("store")

    with session.active(), pytest.raises(LeftOutError, match="same_orders is store"):
        console(session, [], {}, {})._hold(Checklist(print))


def test_a_held_file_is_right_and_dismissed_afterwards() -> None:
    """The same answers with the right state hold, and the file does not stay on anybody's list."""
    session, checks = prepared("hold"), Checklist(print)

    with session.active():
        said = console(session, [{"quantity": 3}], {"state": "held", "cause": "same_orders"}, {})._hold(checks)
        checks.remove_all()

    assert (said, checks.failures) == (f"order {MARK}-1", 0)


@pytest.mark.parametrize(
    ("found", "action", "words"),
    [
        ([{"quantity": 1}], {}, r"the order is \[\{'quantity': 1\}\]"),
        ([{"quantity": 1}], {"finished_at": ""}, "is not done: see the worker's log"),
        ([], {}, "is processed, and the order is"),
    ],
)
def test_an_order_that_is_not_taken_back_is_seen(found: list[Any], action: dict[str, Any], words: str) -> None:
    """It is still there, the worker never ended, or it was never stored."""
    with pytest.raises(CheckError, match=words):
        console(PreparedSession(), found, {}, action)._void()
