"""Charts say what the figures say: scales from zero, gaps as gaps, names at the ends, values on hover and in tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from admin_api.charts import Chart, Limit, Line, Mark, bar_chart, line_chart, stacked_chart
from admin_api.sparks import meter, sparkline

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MOMENTS = [START + timedelta(minutes=15 * number) for number in range(5)]
_DASH = "\u2013"

DRAWINGS = [line_chart, stacked_chart, bar_chart]


def _chart(*lines: Line, **changes: object) -> Chart:
    values: dict[str, object] = {
        "title": "Rows",
        "moments": MOMENTS,
        "lines": lines,
        "write": lambda value: f"{value:g} rows",
    }
    return Chart(**{**values, **changes})  # type: ignore[arg-type]


def _parse(drawing: Markup) -> ET.Element:
    return ET.fromstring(drawing)  # noqa: S314 (our own drawing)


def _paths(drawing: Markup, kind: str) -> list[str]:
    return [part.attrib["d"] for part in _parse(drawing).iter("path") if part.get("class", "").split()[0] == kind]


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_chart_has_a_title_a_description_and_a_table(draw: Callable[[Chart], Markup]) -> None:
    """Whoever does not see it gets its sense from the description and its values from the table."""
    figure = _parse(draw(_chart(Line("accepted", [1, 2, 3, None, 5]), says="Rows of an hour.")))

    svg, details = figure
    names = svg.attrib["aria-labelledby"].split()
    assert svg.attrib["role"] == "img"
    assert [part.text for part in svg if part.get("id") in names] == [
        "Rows",
        "Rows of an hour. accepted: at most 5 rows, at last 5 rows.",
    ]
    cells = [cell.text for cell in details.iter("td")]
    assert cells == ["1 rows", "2 rows", "3 rows", _DASH, "5 rows"]


@pytest.mark.parametrize("draw", DRAWINGS)
def test_the_table_has_a_row_a_moment_in_the_readers_zone(draw: Callable[[Chart], Markup]) -> None:
    """09:00 UTC is 10:00 in Berlin; what is not known is a dash. The page's script shows these rows on hover."""
    chart = _chart(
        Line("ok", [1, None, 3, 4, 5]), Line("bad", [0, None, 0, 0, 1], "fail"), zone=ZoneInfo("Europe/Berlin")
    )

    figure = _parse(draw(chart))

    rows = [[cell.text for cell in row] for row in figure.iterfind(".//tbody/tr")]
    assert rows[:2] == [["24 Nov 10:00", "1 rows", "0 rows"], ["24 Nov 10:15", _DASH, _DASH]]
    assert len(rows) == len(MOMENTS)
    assert [head.get("data-tone") for head in figure.iterfind(".//thead/tr/th")] == [None, "s1", "fail"]


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_drawing_says_where_its_plot_lies(draw: Callable[[Chart], Markup]) -> None:
    """The script finds a pointer's moment between the left and the right edge; both leave room for the words there."""
    wide, slim = (
        _parse(draw(_chart(Line(name, [1, 2, 3, 4, 5]), write_tick=lambda value, unit=unit: f"{value:g}{unit}")))
        for name, unit in (("a long name of a line", " thousand"), ("a", ""))
    )

    edges = [[float(edge) for edge in part[0].attrib["data-plot"].split()] for part in (wide, slim)]
    assert edges[0][0] > edges[1][0] > 0
    assert edges[0][1] < edges[1][1] < 480


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_name_from_outside_is_only_text(draw: Callable[[Chart], Markup]) -> None:
    """A series may be called what it likes."""
    drawing = draw(_chart(Line("<script>", [1, 2, 3, 4, 5]), title="<b>", says="a & b"))

    assert "<script>" not in drawing
    assert "<b>" not in drawing
    _parse(drawing)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_chart_carries_no_style(draw: Callable[[Chart], Markup]) -> None:
    """The content security policy would refuse it."""
    drawing = draw(_chart(Line("a", [1, 2, 3, 4, 5]), limit=Limit(3, "alarm"), marks=[Mark(MOMENTS[2], "went off")]))

    assert "style" not in drawing


@pytest.mark.parametrize("draw", DRAWINGS)
def test_no_data_is_said_and_is_not_zero(draw: Callable[[Chart], Markup]) -> None:
    """An empty window has its axes and a sentence, and no line along zero."""
    drawing = draw(_chart(Line("a", [None] * 5)))

    assert "No data in this time" in drawing
    assert "a: no data" in drawing
    assert _paths(drawing, "line") == []


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_chart_without_a_single_moment_is_still_a_chart(draw: Callable[[Chart], Markup]) -> None:
    """A stack that is a minute old has no periods yet."""
    assert "No data in this time" in draw(_chart(Line("a", []), moments=[]))


def test_a_line_breaks_where_the_data_does() -> None:
    """Two stretches are two paths; a value alone between gaps is a dot."""
    drawing = line_chart(_chart(Line("a", [1, 2, None, 4, 5]), Line("b", [None, None, 3, None, None], "s2")))

    assert len(_paths(drawing, "line")) == 2
    assert len(list(_parse(drawing).iter("circle"))) == 1


def test_a_line_lies_at_its_values_from_zero() -> None:
    """Zero is the lowest grid line, and twice the value is twice as high."""
    path = _paths(line_chart(_chart(Line("a", [0, 5, 10, 5, 0]))), "line")[0]

    heights = [float(point.split()[1]) for point in path.removeprefix("M").split("L")]
    assert heights[0] - heights[2] == pytest.approx(2 * (heights[0] - heights[1]), abs=0.2)
    assert heights[0] == max(heights) == 148


def test_layers_lie_on_each_other() -> None:
    """The upper one begins where the lower one ends, so that the top is the sum."""
    drawing = stacked_chart(_chart(Line("ok", [4, 4, 4, 4, 4]), Line("bad", [4, 4, 4, 4, 4], "warn")))

    lower, upper = _paths(drawing, "band")
    top_of_lower = re.findall(r" ([\d.]+)", lower)[:5]
    assert re.findall(r" ([\d.]+)", upper)[5:] == top_of_lower


def test_a_layer_that_is_silent_beside_others_is_nothing_and_no_gap() -> None:
    """A minute without rejected rows has accepted ones all the same."""
    drawing = stacked_chart(_chart(Line("ok", [4, 4, 4, 4, 4]), Line("bad", [1, None, 1, 1, 1], "warn")))

    assert all(band.count("M") == 1 for band in _paths(drawing, "band"))


def test_bars_of_nothing_are_not_drawn() -> None:
    """Three periods with a count are three bars."""
    drawing = bar_chart(_chart(Line("failed", [0, 1, None, 2, 3], "fail")))

    assert _paths(drawing, "bar")[0].count("M") == 3


def test_a_limit_and_a_moment_are_marked() -> None:
    """The threshold is in sight even if everything stays far below it."""
    drawing = line_chart(
        _chart(Line("a", [1, 1, 1, 1, 1]), limit=Limit(8, "alarm at 8"), marks=[Mark(MOMENTS[2], "alarm")])
    )

    marks = _paths(drawing, "mark")
    assert len(marks) == 2
    assert "alarm at 8" in drawing
    place = float(re.search(r" ([\d.]+)H", marks[0])[1])  # type: ignore[index]
    assert 10 <= place < 148


def test_a_sparkline_keeps_gaps_and_says_what_it_is() -> None:
    """It is an image with a name, and two stretches are two lines."""
    drawing = _parse(sparkline("Files of the last hour", [1, 2, None, 3, 4]))

    assert drawing.attrib["aria-label"] == "Files of the last hour"
    assert sum(part.get("class") == "line" for part in drawing.iter("path")) == 2


@pytest.mark.parametrize("values", [[], [None, None], [0, 0, 0]])
def test_a_sparkline_of_nothing_is_drawn_flat_or_not_at_all(values: list[float | None]) -> None:
    """No data and no height divide by nothing."""
    _parse(sparkline("Nothing", values))


def test_a_meter_shows_three_rejected_among_thousands() -> None:
    """The smallest part is still wide enough to be seen, and all parts together are the whole."""
    drawing = _parse(meter("9,997 accepted, 3 rejected", [("ok", 9_997), ("warn", 3), ("fail", 0)]))

    widths = {part.attrib["class"]: float(part.attrib["width"]) for part in drawing.iter("rect")}
    assert widths["bar warn"] >= 2.9
    assert widths["bar ok"] + widths["bar warn"] == pytest.approx(100, abs=0.2)
    assert "bar fail" not in widths


def test_a_meter_of_nothing_is_empty() -> None:
    """A file without rows has no parts."""
    drawing = _parse(meter("No rows", [("ok", 0)]))

    assert [part.attrib["class"] for part in drawing.iter("rect")] == ["ground"]
