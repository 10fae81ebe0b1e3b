"""Mails by the alerts topic, about files that need a person. They say what, where, how many and why; never a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_LONGEST_SUBJECT = 100  # SNS: fewer than 100 printable ASCII characters, no line break.


class Notifier:
    """The alerts topic of one environment."""

    def __init__(self, client: SNSClient, topic_arn: str, environment: str) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._environment = environment

    def publish_mail(self, name: str, *, file_id: str, outcome: str, facts: dict[str, str]) -> None:
        """Publish one plain-text mail about one file; ``facts`` become its lines."""
        # Line breaks in a name would look like lines of ours.
        name = "".join(character if character.isprintable() else "?" for character in name)
        subject = f"[Waybill {self._environment}] {outcome}: {name}".encode("ascii", "replace").decode()
        lines = {"File": name, "File id": file_id, **facts}
        width = max(map(len, lines))
        indent = "\n" + " " * (width + 2)
        body = "\n".join(
            f"{label + ':':<{width + 1}} {value.replace(chr(10), indent)}" for label, value in lines.items() if value
        )
        self._client.publish(TopicArn=self._topic_arn, Subject=subject[: _LONGEST_SUBJECT - 1], Message=body + "\n")
