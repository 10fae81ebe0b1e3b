"""Tests for the windows of time and the names of metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from admin_api.monitoring.series import Window, processor_series

NOW = datetime(2026, 11, 25, 18, 47, 12, 345678, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "length"),
    [(Window.HOUR, timedelta(hours=1)), (Window.DAY, timedelta(days=1)), (Window.WEEK, timedelta(days=7))],
)
def test_a_window_is_as_long_as_it_says_and_ends_with_the_period_of_now(window: Window, length: timedelta) -> None:
    """Now lies in the last period, and all periods together are the window."""
    span = window.until(NOW)

    assert span.period * span.periods == length
    assert span.end - span.period <= NOW < span.end
    assert span.moments[0] == span.start
    assert len(span.moments) == span.periods


@pytest.mark.parametrize("window", list(Window))
def test_periods_begin_where_those_of_cloudwatch_do(window: Window) -> None:
    """Each begins at a whole multiple of itself since the epoch, so that a point keeps its value while time goes on."""
    span = window.until(NOW)

    assert span.start.timestamp() % span.period.total_seconds() == 0


def test_a_moment_is_found_in_its_period_and_outside_in_none() -> None:
    """The beginning of a period belongs to it, its end to the next one."""
    span = Window.HOUR.until(NOW)

    assert span.index(span.start) == 0
    assert span.index(span.start + span.period) == 1
    assert span.index(NOW) == 59
    assert span.index(span.end) is None
    assert span.index(span.start - timedelta(microseconds=1)) is None


def test_a_metric_that_the_processor_does_not_send_is_refused() -> None:
    """A misspelt name would be an empty chart and no error."""
    assert processor_series("FilesReceived").statistic == "Sum"
    with pytest.raises(KeyError):
        processor_series("FilesRecieved")
