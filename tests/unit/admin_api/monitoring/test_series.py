"""Tests for time windows and series."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from admin_api.monitoring.series import Window, processor_series

NOW = datetime(2026, 11, 25, 18, 47, 12, 345678, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "length"),
    [(Window.HOUR, timedelta(hours=1)), (Window.DAY, timedelta(days=1)), (Window.WEEK, timedelta(days=7))],
)
def test_window_has_its_length_and_ends_with_the_current_period(window: Window, length: timedelta) -> None:
    """The last period holds the present; all periods together are the window."""
    span = window.until(NOW)

    assert span.period * span.periods == length
    assert span.end - span.period <= NOW < span.end
    assert span.moments[0] == span.start
    assert len(span.moments) == span.periods


@pytest.mark.parametrize("window", list(Window))
def test_periods_begin_where_cloudwatchs_do(window: Window) -> None:
    """Each begins at a whole multiple of itself since the epoch, so that a point keeps its value as time passes."""
    span = window.until(NOW)

    assert span.start.timestamp() % span.period.total_seconds() == 0


def test_moment_is_in_its_period_or_in_none() -> None:
    """The beginning of a period belongs to it, its end to the next one."""
    span = Window.HOUR.until(NOW)

    assert span.index(span.start) == 0
    assert span.index(span.start + span.period) == 1
    assert span.index(NOW) == 59
    assert span.index(span.end) is None
    assert span.index(span.start - timedelta(microseconds=1)) is None


def test_unknown_metric_is_refused() -> None:
    """A misspelt name would be an empty chart without an error."""
    assert processor_series("FilesReceived").statistic == "Sum"
    with pytest.raises(KeyError):
        processor_series("FilesRecieved")
