"""Assertions about dead letters: they are seen in the console, deleted there, and redriven without harm."""

import json
from typing import Any
from urllib.parse import quote_plus

from cdk.commands.verify.checklist import CheckError, Checklist, wait_for
from cdk.commands.verify.deployment import Deployment
from cdk.commands.verify.files import Files

LETTER_S = 180
ACTION_S = 120


class DeadLetters:
    """The assertions. The poison message is sent early, as its retries take a while."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._poison = f"{deployment.mark}: no event of S3"
        self._unsettled: set[str] = set()
        """Bodies of messages that were sent and may still come to the dead-letter queue."""

    def send_poison(self, checks: Checklist) -> None:
        """Send a message that no run can use to the ingest queue."""
        self._send("QueueUrl", self._poison)
        checks.remove_later("The message without a use", lambda: self._discard(self._poison))

    def _send(self, output: str, body: str) -> None:
        sqs = self._deployment.client("sqs")
        sqs.send_message(QueueUrl=self._deployment.outputs[output], MessageBody=body)
        self._unsettled.add(body)

    def _discard(self, body: str) -> None:
        """Delete a message that an assertion has left in the dead-letter queue."""
        if body not in self._unsettled:
            return
        sqs, url = self._deployment.client("sqs"), self._deployment.outputs["DeadLetterQueueUrl"]

        def find() -> str:
            seen = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=2, WaitTimeSeconds=1)
            return next((one["ReceiptHandle"] for one in seen.get("Messages", []) if one["Body"] == body), "")

        handle = wait_for(find, self._patience_s(), lambda: f"it has not come to {url}.")
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)

    def _patience_s(self) -> int:
        """Return for how long a message that always fails may be on its way to the dead-letter queue."""
        backoff = [int(seconds) for seconds in self._deployment.variables["RETRY_BACKOFF_S"].split(",")]
        retries = int(self._deployment.variables["MAX_RECEIVE_COUNT"]) - 1
        return LETTER_S + sum([*backoff, *[backoff[-1]] * retries][:retries])

    def check(self, checks: Checklist, files: Files) -> None:
        """Run them."""
        checks.check("A message that nobody can use is a dead letter, and the console deletes it", self._delete)
        if files.stored:
            checks.check("A dead letter that is redriven stores nothing twice", lambda: self._redrive(files, checks))

    def _delete(self) -> None:
        letter = self._find(self._poison, self._patience_s())
        self._act("delete", letter["message_id"])
        wait_for(lambda: not self._letters(self._poison), LETTER_S, lambda: "the deleted letter is still in the queue.")
        self._unsettled.discard(self._poison)

    def _redrive(self, files: Files, checks: Checklist) -> None:
        """Put the event of a file that is stored into the dead-letter queue, as a late duplicate would be."""
        if not files.stored:
            raise CheckError("No file was stored.")
        before = self._story(files.file_id)
        bucket = {"name": self._deployment.outputs["BucketName"]}
        thing = {"key": quote_plus(files.stored.key, safe="/"), "versionId": files.stored.version_id}
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Post", "s3": {"bucket": bucket, "object": thing}}
        body = json.dumps({"Records": [record], "sent_by": self._deployment.mark})
        self._send("DeadLetterQueueUrl", body)
        checks.remove_later("The repeated event", lambda: self._discard(body))
        self._act("redrive", self._find(body, LETTER_S)["message_id"])
        wait_for(lambda: not self._letters(body), LETTER_S, lambda: "the redriven letter is still a dead letter.")
        self._unsettled.discard(body)
        after = self._story(files.file_id)
        if after != before:
            raise CheckError(f"The file was {before} before its letter was redriven, and is {after} now.")

    def _story(self, file_id: str) -> tuple[Any, ...]:
        file = self._deployment.read(f"/api/files/{file_id}")["file"]
        orders = self._deployment.read(f"/api/files/{file_id}/orders")
        return file["state"], file["accepted_rows"], len(orders["orders"]), orders["missing"]

    def _letters(self, body: str) -> list[dict[str, Any]]:
        return [one for one in self._deployment.read("/api/dead-letters")["dead_letters"] if one["body"] == body]

    def _find(self, body: str, seconds: float) -> dict[str, Any]:
        def find() -> dict[str, Any] | None:
            return next(iter(self._letters(body)), None)

        return wait_for(find, seconds, lambda: "the console shows no such dead letter. See the dead-letter queue.")

    def _act(self, what: str, message_id: str) -> None:
        begun = self._deployment.post("/api/dead-letters/actions", {"do": what, "message_ids": [message_id]})

        def find() -> dict[str, Any] | None:
            action: dict[str, Any] = self._deployment.read(f"/api/actions/{begun['action_id']}")
            return action if action["finished_at"] else None

        ended = wait_for(find, ACTION_S, lambda: f"the action {begun['action_id']} is not done: see the worker's log.")
        if (ended["done"], ended["failed"]) != (1, 0):
            raise CheckError(f"The action {begun['action_id']} is {ended['state']} with {ended['done']} done.")
