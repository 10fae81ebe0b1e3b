"""Mails by the alerts topic, about files that need a person. They say what, where, how many and why; never a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns import SNSClient

type Facts = Mapping[str, str | tuple[str, ...]]
"""The lines of a mail: a label with its value, or with one value for each line of a longer one."""

_LONGEST_SUBJECT = 100  # SNS: fewer than 100 printable ASCII characters, no line break.


class Notifier:
    """The alerts topic of one environment."""

    def __init__(self, client: SNSClient, topic_arn: str, environment: str) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._environment = environment

    def publish_mail(self, name: str, *, file_id: str, outcome: str, facts: Facts) -> None:
        """Publish one plain-text mail about one file; ``facts`` become its lines."""
        subject = in_one_line(f"[Waybill {self._environment}] {outcome}: {name}").encode("ascii", "replace").decode()
        body = lay_out({"File": name, "File id": file_id, **facts})
        self._client.publish(TopicArn=self._topic_arn, Subject=subject[: _LONGEST_SUBJECT - 1], Message=body)


def lay_out(facts: Facts) -> str:
    """Write facts in aligned lines, without those that are empty. No value makes a line of its own."""
    width = max(map(len, facts)) + 1
    between = "\n" + " " * (width + 1)
    values = {label: (value,) if isinstance(value, str) else value for label, value in facts.items()}
    return "".join(
        f"{label + ':':<{width}} {between.join(map(in_one_line, lines))}\n"
        for label, lines in values.items()
        if any(lines)
    )


def in_one_line(text: str) -> str:
    """Replace what is no visible character: a break in a file's name would make a line that looks like one of ours.

    Every mail program has its own breaks (CR, U+0085, U+2028 and others), and signs that turn the writing around hide
    where a name ends.
    """
    return "".join(character if character.isprintable() else "?" for character in text)
