"""Audits in the deployed stack, open and with IAM enforced: the worker's grants suffice, and a fault is found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.deployment import wait_until
from tests.e2e.order_files import small_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from processor.domain.entries import FileEntry
    from tests.e2e.deployment import Deployment

EVENT = {"detail-type": "Scheduled Event", "source": "aws.events", "resources": [], "detail": {}}


@pytest.fixture
def script(stack: Deployment) -> Iterator[httpx.Client]:
    """Provide a client with an operator's token."""
    with stack.console(stack.accounts.operator) as client:
        yield client


def settle(stack: Deployment, name: str) -> FileEntry:
    """Upload a file of two orders and a rejected row, and wait for it."""
    [entry] = stack.wait_at_rest([stack.upload(f"{name}.csv", small_file(name, 2, bad=1))])
    return entry


def verify(script: httpx.Client, entry: FileEntry) -> dict[str, Any]:
    """Ask for the file's audit, and wait for the worker; returns the result."""
    action = script.post(f"/api/files/{entry.file_id}/actions", json={"kind": "verify"}).json()

    def is_done() -> bool:
        return bool(script.get(f"/api/actions/{action['action_id']}").json()["state"] == "done")

    wait_until(is_done, 60, lambda: str(script.get(f"/api/actions/{action['action_id']}").json()))
    audit: dict[str, Any] = script.get(f"/api/files/{entry.file_id}").json()["audit"]
    return audit


def test_verify_finds_a_deleted_order_and_nothing_before(stack: Deployment, script: httpx.Client) -> None:
    """The same file, audited before and after somebody deletes one of its orders."""
    entry = settle(stack, "audited")
    before = verify(script, entry)
    orders, table = stack.client("dynamodb"), stack.outputs["OrdersTableName"]
    [order] = orders.query(
        TableName=table,
        KeyConditionExpression="order_id = :id",
        ExpressionAttributeValues={":id": {"S": "audited-1"}},
    )["Items"]
    orders.delete_item(TableName=table, Key={name: order[name] for name in ("order_id", "processed_timestamp")})

    after = verify(script, entry)

    assert (before["state"], before["orders_compared"], before["differences"]) == ("verified", 2, [])
    assert after["state"] == "differs"
    assert [(each["part"], each["row"]) for each in after["differences"]] == [("orders", 3)]


def test_schedule_audits_a_sample(stack: Deployment, script: httpx.Client) -> None:
    """The event of the rule, sent to the worker by hand: its action is in the log, with its files."""
    settle(stack, "sampled")
    event = json.dumps(EVENT | {"time": "2031-10-08T16:53:06Z"}).encode()

    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["WorkerFunctionName"], Payload=event)

    assert "FunctionError" not in answer, answer["Payload"].read()
    actions = script.get("/api/actions").json()["actions"]
    [audit] = [action for action in actions if action["who"] == "schedule"]
    assert (audit["kind"], audit["state"]) == ("verify", "done")
    assert audit["done"] + audit["failed"] > 0
