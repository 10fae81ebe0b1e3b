"""Orders that go back in the deployed stack, open and with IAM enforced: of a voided file, and of a replaced one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.deployment import wait_until
from tests.e2e.order_files import small_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from tests.e2e.deployment import Deployment


@pytest.fixture
def script(stack: Deployment) -> Iterator[httpx.Client]:
    """Provide a client with an operator's token."""
    with stack.console(stack.accounts.operator) as client:
        yield client


def act(script: httpx.Client, file_id: str, kind: str) -> dict[str, Any]:
    """Ask for an action on a file."""
    answer = script.post(f"/api/files/{file_id}/actions", json={"kind": kind, "reason": "Wrong prices."})
    assert answer.is_success, answer.text
    action: dict[str, Any] = answer.json()
    return action


def wait_for(script: httpx.Client, path: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until something is told under an address; returns what is told."""
    told: dict[str, Any] = {}

    def look() -> bool:
        nonlocal told
        told = script.get(path).json()
        return is_so(told)

    wait_until(look, 60, lambda: str(told))
    return told


def read_file(script: httpx.Client, file_id: str) -> dict[str, Any]:
    """Read a file as scripts do."""
    found: dict[str, Any] = script.get(f"/api/files/{file_id}").json()["file"]
    return found


def files_of_order(stack: Deployment, order_id: str) -> list[str]:
    """List the ids of the files that have a line of the order."""
    items = stack.client("dynamodb").query(
        TableName=stack.outputs["OrdersTableName"],
        KeyConditionExpression="order_id = :id",
        ExpressionAttributeValues={":id": {"S": order_id}},
        ConsistentRead=True,
    )["Items"]
    return [item["file_id"]["S"] for item in items]


def test_voided_file_has_no_orders_and_gets_them_back(stack: Deployment, script: httpx.Client) -> None:
    """The worker's grants suffice; reprocessing stores the orders again."""
    [entry] = stack.wait_at_rest([stack.upload("void-me.csv", small_file("void", 3, bad=1))])

    action = act(script, entry.file_id, "void")
    done = wait_for(script, f"/api/actions/{action['action_id']}", lambda told: told["state"] == "done")

    assert (done["done"], done["failed"]) == (3, 0)
    assert read_file(script, entry.file_id)["state"] == "voided"
    assert files_of_order(stack, "void-1") == []
    act(script, entry.file_id, "reprocess")
    wait_for(script, f"/api/files/{entry.file_id}", lambda told: told["file"]["state"] == "partial")
    assert files_of_order(stack, "void-1") == [entry.file_id]


def test_a_correction_replaces_the_orders_of_the_file_before(stack: Deployment, script: httpx.Client) -> None:
    """The second file is held; a person has it replace the first, whose lines the worker takes back."""
    body = small_file("replaced", 3)
    [first] = stack.wait_at_rest([stack.upload("shop/monday.csv", body)])
    correction = body.replace(b",2.50", b",3.00") + b"replaced-new,Ada,Pen,1,1.00\n"
    [second] = stack.wait_at_rest([stack.upload("shop/tuesday.csv", correction)])
    assert second.state == "held"

    act(script, second.file_id, "replace")
    wait_for(script, f"/api/files/{first.file_id}", lambda told: bool(told["file"]["replaced_by"]))

    assert files_of_order(stack, "replaced-0") == [second.file_id]
    assert read_file(script, second.file_id)["state"] == "processed"
    assert files_of_order(stack, "replaced-2") == [second.file_id]
    assert files_of_order(stack, "replaced-new") == [second.file_id]
