"""An HTTP subscriber of an SNS topic that keeps each message as a text file: subject, empty line, body.

An e-mail subscriber would get the same text with SNS's footer.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/mail"
_PATTERN = "[0-9]*-*.txt"
_CONFIRM_S = 15
_logger = logging.getLogger(__name__)


class MailboxError(RuntimeError):
    """The topic did not confirm the subscription."""


class Mailbox:
    """A folder of mails. Following another topic deletes the mails of the earlier one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._message_ids: set[str] = set()
        self._confirmed = threading.Event()
        self._sns: Any = None
        self._topic = ""

    def subscribe(self, sns: Any, topic_arn: str, endpoint: str) -> None:
        """Subscribe to the topic; raise MailboxError if it is not confirmed within _CONFIRM_S."""
        if topic_arn != self._topic:
            self._folder.mkdir(parents=True, exist_ok=True)
            for mail in mails(self._folder):
                mail.unlink()
        self._sns, self._topic = sns, topic_arn
        self._confirmed.clear()
        answer = sns.subscribe(TopicArn=topic_arn, Protocol="http", Endpoint=endpoint)
        is_confirmed = answer["SubscriptionArn"].startswith("arn:")  # Otherwise it is "pending confirmation".
        if not is_confirmed and not self._confirmed.wait(_CONFIRM_S):
            raise MailboxError(f"{topic_arn} sent no confirmation within {_CONFIRM_S} s.")

    def receive(self, body: str) -> None:
        """Handle one POST of SNS."""
        message = json.loads(body)
        if message.get("TopicArn") != self._topic:
            return
        if message["Type"] == "SubscriptionConfirmation":
            self._sns.confirm_subscription(TopicArn=self._topic, Token=message["Token"])
            self._confirmed.set()
        elif message["Type"] == "Notification":
            self._keep(message["MessageId"], message.get("Subject") or "AWS Notification Message", message["Message"])

    def _keep(self, message_id: str, subject: str, text: str) -> None:
        subject = " ".join(subject.split())
        slug = re.sub(r"[^\w.-]+", "-", subject).strip("-.")[:80] or "mail"
        with self._lock:
            if message_id in self._message_ids:  # SNS delivers at least once.
                return
            self._message_ids.add(message_id)
            path = self._folder / f"{len(self._message_ids):03}-{slug}.txt"
            draft = path.with_suffix(".draft")
            draft.write_text(f"Subject: {subject}\n\n{text.rstrip()}\n", encoding="utf-8")
            draft.replace(path)


def mails(folder: Path) -> list[Path]:
    """List the mails of a folder in the order of their arrival."""
    return sorted(folder.glob(_PATTERN), key=lambda path: int(path.name.partition("-")[0]))
