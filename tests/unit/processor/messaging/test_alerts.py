"""Mails about files are ones that SNS takes, whatever a file is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from processor.messaging.alerts import Notifier
from tests.unit.processor.strategies import ANY_TEXT

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class FakeSns:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.published: list[dict[str, str]] = []

    def publish(self, **request: str) -> None:
        """Keep a request."""
        self.published.append(request)


def mail(name: str = "orders.csv", **facts: str | tuple[str, ...]) -> dict[str, str]:
    """Publish one mail and return it."""
    sns = FakeSns()
    notifier = Notifier(cast("SNSClient", sns), "arn:topic", "prod")
    notifier.publish_mail(name, file_id="0123", outcome="failed", facts=facts)
    (published,) = sns.published
    return published


def test_mail_says_what_and_where() -> None:
    """The subject names environment, outcome and file; the body has one aligned line a fact, none for an empty one."""
    published = mail(Cause="no_header", Where="s3://bucket/failed-data/orders.csv", Empty="")

    assert published == {
        "TopicArn": "arn:topic",
        "Subject": "[Waybill prod] failed: orders.csv",
        "Message": (
            "File:    orders.csv\nFile id: 0123\nCause:   no_header\nWhere:   s3://bucket/failed-data/orders.csv\n"
        ),
    }


def test_body_keeps_the_name_that_the_subject_cannot() -> None:
    """The subject is ASCII only; the body has the file's real name."""
    published = mail("Bestellung für 李.csv")

    assert published["Subject"] == "[Waybill prod] failed: Bestellung f?r ?.csv"
    assert "Bestellung für 李.csv" in published["Message"]


def test_fact_of_several_values_has_a_line_for_each() -> None:
    """Lines of ours are aligned under their label, so that they are told from other facts."""
    published = mail(Why=("quantity: negative (3)", "row: too long (1)"))

    assert "\nWhy:     quantity: negative (3)\n         row: too long (1)\n" in published["Message"]


BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
HOSTILE = st.text(st.sampled_from(f"a: {BREAKS}\0\t\x1b\x7f\x9b\u202e\u2066\u200b\ufeffü😀"), max_size=300) | st.text()


@given(HOSTILE, HOSTILE, st.lists(HOSTILE, max_size=3).map(tuple))
def test_no_value_makes_a_line_or_hides_what_it_is(name: str, what: str, why: tuple[str, ...]) -> None:
    """Property: a mail has a line for each value and no other, whatever the values hold, and nothing invisible."""
    published = mail(name, What=what, Why=why)

    body = published["Message"]
    lines = 1 + bool(name) + bool(what) + (len(why) if any(why) else 0)
    assert len(body.splitlines()) == body.count("\n") == lines
    assert all(line.isprintable() for line in body.split("\n"))


@given(ANY_TEXT | st.text(st.sampled_from("a\n\r\t\x85\u2028ü😀\x7f\0"), max_size=300))
def test_subject_is_one_that_sns_takes(name: str) -> None:
    """Property: for any name the subject is printable ASCII in one line of fewer than 100 characters."""
    subject = mail(name)["Subject"]

    assert subject.startswith("[Waybill prod] failed: ")
    assert len(subject) < 100
    assert all(" " <= character <= "~" for character in subject)
