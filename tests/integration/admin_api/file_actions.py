"""Actions on files, on moto: the confirmation's form, the worker, and the messages that it sends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from admin_api.actions import bulk_files
from admin_api.actions.bulk import BulkWork

if TYPE_CHECKING:
    from httpx2 import Response

    from processor.domain.actions import ActionEntry
    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage


def hidden_fields(response: Response) -> dict[str, Any]:
    """Read a form's hidden fields; those of one name become a list."""
    fields: dict[str, Any] = {}
    form = response.text.partition('action="/files/actions"')[2].partition("</form>")[0]
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form):
        fields.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in fields.items()}


def work(console: ConsoleStage) -> ActionEntry:
    """Let the worker carry out what it was called for, to its end."""
    action = console.console.actions.read_action(console.worker.calls.pop()["action_id"])
    assert action is not None
    return BulkWork(console.console, bulk_files.act_on_files, lambda: 900.0, sleep=lambda _: None).carry_out(action)


def messages(stage: Stage) -> list[str]:
    """Take all messages from the ingest queue; each file's own arrival message, which tests never delete, apart."""
    bodies = []
    url = stage.services.config.queue_url
    while received := stage.clients.sqs.receive_message(QueueUrl=url).get("Messages"):
        bodies.append(received[0]["Body"])
    return [body for body in bodies if "command" in body]
