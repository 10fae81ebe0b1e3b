"""Tests for the parts of a page that fail alone."""

from __future__ import annotations

import threading

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from admin_api.pages.parts import PagePart, start_part
from processor.domain.errors import LookupThrottledError


def refused() -> int:
    """Be a call that AWS refuses."""
    raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "GetMetricData")


def throttled() -> int:
    """Be a call of which DynamoDB leaves some keys unprocessed."""
    raise LookupThrottledError(3, "files")


def unreachable() -> int:
    """Be a call that reaches nobody."""
    raise EndpointConnectionError(endpoint_url="https://xray")


def test_an_answer_is_the_parts_value() -> None:
    """A loaded part has its value, which can be converted."""
    part = start_part("CloudWatch", lambda: 20).result()

    assert part == PagePart(20)
    assert part.then(lambda value: value + 1) == PagePart(21)


def test_what_aws_refuses_takes_only_its_own_part() -> None:
    """The part says in words which call failed and how, and stays empty whatever is made of it."""
    assert start_part("CloudWatch", refused).result() == PagePart(None, "GetMetricData failed: ThrottlingException.")
    away = start_part("X-Ray", unreachable).result()
    assert away.problem == "X-Ray could not be reached: EndpointConnectionError."
    assert away.then(lambda value: value + 1) == away


def test_a_throttled_table_takes_only_its_own_part() -> None:
    """Keys left unread for too long are reported like any other refusal."""
    busy = start_part("The files", throttled).result()

    assert busy == PagePart(None, "DynamoDB is busy: 3 files could not be read. Ask again in a few seconds.")


def test_a_mistake_of_our_own_is_not_hidden() -> None:
    """Only AWS may be away; a bug is a bug."""
    with pytest.raises(ZeroDivisionError):
        start_part("CloudWatch", lambda: 1 // 0).result()


def test_services_are_asked_at_the_same_time() -> None:
    """Two calls that wait for each other both come to their end."""
    both = threading.Barrier(2, timeout=5)

    answers = [start_part("DynamoDB", both.wait), start_part("CloudWatch", both.wait)]

    assert {answer.result().value for answer in answers} == {0, 1}
