"""Tests for measures and chart specifications."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from admin_api.monitoring.cloudwatch import Readings, Values
from admin_api.monitoring.measures import (
    ACCEPTED,
    COST,
    COST_PER_THOUSAND_ROWS,
    DEAD_LETTERED,
    FAILED,
    PARTIAL,
    PROCESSED,
    REJECTED,
    SUCCESS_RATE,
    ended_files,
)
from admin_api.monitoring.series import Series, Source, Window
from admin_api.pages.metrics.chart_groups import GROUPS, ChartGroup
from admin_api.pages.metrics.chart_specs import per_cent, whole
from processor.observability.metrics import UNITS

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
_NOT_DRAWN = {"FilesReceived", "AuditedFiles", "AuditDifferences"}
"""The overview's first measure, where this page shows the outcomes; and those of audits, which the dashboard draws."""


def readings(window: Window = Window.HOUR, **known: Values) -> Readings:
    """Make readings in which every series is a gap but those named ``metric``, which begin with these values."""
    span = window.until(NOW)
    wanted = {series for group in GROUPS for series in group.series} | {PROCESSED, COST}
    gaps: dict[Series, Values] = dict.fromkeys(wanted, (None,) * span.periods)
    for series in wanted:
        if series.statistic == "Sum" and series.metric in known:
            row = known[series.metric]
            gaps[series] = (*row, *(None,) * (span.periods - len(row)))
    return Readings(span, NOW, gaps)


def test_success_rate_is_the_share_of_processed_files() -> None:
    """Partial, failed and dead-lettered files count as no success; without files there is no rate."""
    read = readings(FilesProcessed=(8.0, None), FilesPartial=(1.0,), FilesFailed=(1.0,), FilesDeadLettered=(0.0,))

    assert SUCCESS_RATE.compute(read)[:2] == (80.0, None)
    assert ended_files(read)[:2] == (10.0, None)


def test_cost_per_thousand_rows_counts_rejected_rows() -> None:
    """They are read and paid for, too."""
    read = readings(EstimatedCost=(0.003,), RowsAccepted=(1_400.0,), RowsRejected=(100.0,))

    assert COST_PER_THOUSAND_ROWS.compute(read)[0] == pytest.approx(0.002)


def test_every_metric_that_is_sent_is_drawn() -> None:
    """A metric that no chart shows is a waste of money."""
    drawn = {s.metric for group in GROUPS for s in group.series if s.source is Source.PROCESSOR}

    assert drawn == UNITS.keys() - _NOT_DRAWN


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
@pytest.mark.parametrize("window", list(Window))
def test_chart_needs_no_series_beyond_its_own(group: ChartGroup, window: Window) -> None:
    """A chart that draws a series it does not name would fail; without data it says so."""
    read = readings(window)

    for chart in group.charts:
        alone = Readings(read.span, read.read_at, {series: read.values[series] for series in chart.series})
        drawing = chart.draw_chart(alone, UTC)
        assert "No data in this time" in drawing
        assert chart.title in drawing


def test_titles_are_unique_on_their_page() -> None:
    """A chart's ids are made of its title."""
    titles = [chart.title for group in GROUPS for chart in group.charts]

    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("share", "words"), [(100.0, "100 %"), (99.97, "99.9 %"), (99.2, "99.2 %"), (0.0, "0 %"), (150.0, "150 %")]
)
def test_hundred_per_cent_means_all(share: float, words: str) -> None:
    """One failed file among thousands must not round away."""
    assert per_cent(share) == words


def test_counts_have_no_decimals() -> None:
    """A count has thousands separators and no decimals; a rate keeps one."""
    assert (whole(1204.0), whole(2.25)) == ("1,204", "2.2")


def test_the_series_of_files_are_those_of_the_processor() -> None:
    """A renamed metric fails here instead of being an empty chart."""
    assert {s.metric for s in (PROCESSED, PARTIAL, FAILED, DEAD_LETTERED, ACCEPTED, REJECTED)} <= UNITS.keys()
