"""Actions whose console dies, on moto: what took effect is never called a failure, and is done once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.actions import ActionState, new_action_id
from processor.domain.file_states import FileState
from tests.integration.kill import Kill, Killer, some_calls
from tests.integration.stage import GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage

FIRST_STATES = {
    "process_anyway": FileState.DUPLICATE,
    "dismiss": FileState.FAILED,
    "store": FileState.HELD,
    "replace": FileState.HELD,
}


def make_file(console: ConsoleStage, kind: str, number: int) -> FileEntry:
    """Bring a file into the state from which an action of this kind starts."""
    if kind == "process_anyway":
        return console.stage.process(f"again-{number}.csv", csv_file(*GOOD_ROWS))
    if kind in {"store", "replace"}:
        return console.stage.process(f"held-{number}.csv", csv_file(f"H-{number},Ada,Pen,1,1.00"), rows="2")
    return console.stage.process(f"bad-{number}.csv", b"%PDF" + bytes([number]))


def run_commands(console: ConsoleStage) -> int:
    """Let the processor take every command from the queue; returns their number."""
    sqs, url, taken = console.stage.clients.sqs, console.config.queue_url, 0
    while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if "command" in message["Body"]:
                console.stage.handle(console.stage.message(message["Body"]))
                taken += 1
    return taken


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kind", FIRST_STATES)
def test_an_action_that_took_effect_is_recorded_as_done(console: ConsoleStage, kind: str, *, after: bool) -> None:
    """Whichever call the console dies at, and although the file runs meanwhile: asked again, it is done, once."""
    console.stage.process("first.csv", csv_file(*GOOD_ROWS))
    clients = console.stage.clients._replace(
        s3=console.console.s3, files=console.console.dynamodb, sqs=console.console.sqs
    )
    browser = console.browser()
    for step in some_calls(100):
        died = False
        entry = make_file(console, kind, step)
        assert entry.state is FIRST_STATES[kind]
        run_commands(console)
        body = {"kind": kind, "reason": "Because.", "action_id": new_action_id(console.console.now())}
        path = f"/api/files/{entry.file_id}/actions"
        try:
            with Killer(step, after).watching(clients):
                browser.post(path, json=body)
        except Kill:
            died = True
        first = run_commands(console)

        answer = browser.post(path, json=body)
        second = run_commands(console)

        told = answer.json()
        assert (answer.status_code, told["state"], told["done"], told["failed"]) == (200, ActionState.DONE, 1, 0)
        runs = [run.outcome for run in console.stage.services.ledger.list_runs(entry.file_id)]
        assert len(runs) == (1 if kind == "dismiss" else 2)
        assert first + second >= (0 if kind == "dismiss" else 1)
        [noted] = browser.get(f"/api/files/{entry.file_id}").json()["actions"]
        assert (noted["action_id"], noted["state"]) == (body["action_id"], ActionState.DONE)
        if not died:
            break
    assert step >= 6
