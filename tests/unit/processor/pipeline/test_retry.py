"""The retry policy: how often a message comes again, and after how long."""

from __future__ import annotations

import pytest

from processor.messaging.messages import Message
from processor.pipeline.retry import RetryPolicy


def received(receive_count: int) -> Message:
    """Receive a message for the given time."""
    return Message("m", "r", "", receive_count)


@pytest.mark.parametrize(("receive_count", "is_last"), [(1, False), (2, False), (3, True), (4, True)])
def test_last_receive_is_the_one_of_the_greatest_count(receive_count: int, is_last: bool) -> None:
    """SQS dead-letters a message that is received more often than its queue allows."""
    assert RetryPolicy(3, (15, 60)).is_last(received(receive_count)) is is_last


@pytest.mark.parametrize(("receive_count", "seconds"), [(1, 15), (2, 60), (3, 60), (8, 60)])
def test_delay_grows_and_its_last_step_repeats(receive_count: int, seconds: int) -> None:
    """The first failed run waits the first step, and every run beyond the steps the last one."""
    assert RetryPolicy(9, (15, 60)).delay_s(received(receive_count)) == seconds


def test_delay_may_have_one_step() -> None:
    """One number is a constant backoff."""
    policy = RetryPolicy(9, (5,))

    assert [policy.delay_s(received(count)) for count in (1, 2, 8)] == [5, 5, 5]


def test_last_receive_is_followed_by_no_delay() -> None:
    """A dead letter need not wait: SQS moves it at the next receive."""
    assert RetryPolicy(3, (15, 60)).delay_s(received(3)) == 0
