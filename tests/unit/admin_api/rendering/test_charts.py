"""Tests for charts: axes from zero, gaps, names at the ends of lines, tables of values."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.rendering.charts.series_charts import Chart, Line, Mark, bar_chart, line_chart
from admin_api.rendering.charts.sparkline import sparkline

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MOMENTS = [START + timedelta(minutes=15 * number) for number in range(5)]
_DASH = "\u2013"

DRAWINGS = [line_chart, bar_chart]


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


def _places(path: str) -> list[tuple[float, float]]:
    """Return the points of a path of relative steps."""
    start, _, steps = path.removeprefix("M").partition("l")
    x, y = map(float, start.split())
    places = [(x, y)]
    numbers = [float(step) for step in steps.split()]
    for right, down in zip(numbers[::2], numbers[1::2], strict=True):
        x, y = round(x + right, 1), round(y + down, 1)
        places.append((x, y))
    return places


def _strokes(path: str) -> list[tuple[float, float, float]]:
    """Return the position, start and end of each bar."""
    x = y = 0.0
    strokes = []
    for right, down, up in re.findall(r"m(\S+) ([-\d.]+)v([-\d.]+)", path):
        x, bottom = round(x + float(right), 1), round(y + float(down), 1)
        y = round(bottom + float(up), 1)
        strokes.append((x, bottom, y))
    return strokes


@pytest.mark.parametrize("draw", DRAWINGS)
def test_chart_has_a_title_a_description_and_a_table(draw: Callable[[Chart], Markup]) -> None:
    """Screen readers get the meaning from the description and the values from the table."""
    figure = _parse(draw(_chart(Line("accepted", [1, 2, 3, None, 5]), description="Rows of an hour.")))

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
def test_table_has_a_row_a_moment_in_the_readers_zone(draw: Callable[[Chart], Markup]) -> None:
    """09:00 UTC is 10:00 in Berlin; an unknown value is a dash. A script shows these rows on hover."""
    chart = _chart(
        Line("ok", [1, None, 3, 4, 5]), Line("bad", [0, None, 0, 0, 1], "fail"), zone=ZoneInfo("Europe/Berlin")
    )

    figure = _parse(draw(chart))

    rows = [[cell.text for cell in row] for row in figure.iterfind(".//tbody/tr")]
    assert rows[:2] == [["24 Nov 10:00", "1 rows", "0 rows"], ["24 Nov 10:15", _DASH, _DASH]]
    assert len(rows) == len(MOMENTS)
    assert [head.get("data-tone") for head in figure.iterfind(".//thead/tr/th")] == [None, "s1", "fail"]


@pytest.mark.parametrize("draw", DRAWINGS)
def test_drawing_names_the_edges_of_its_plot(draw: Callable[[Chart], Markup]) -> None:
    """The script finds a pointer's moment between the left and the right edge; both leave room for the words there."""
    wide, slim = (
        _parse(draw(_chart(Line(name, [1, 2, 3, 4, 5]), write_tick=lambda value, unit=unit: f"{value:g}{unit}")))
        for name, unit in (("a long name of a line", " thousand"), ("a", ""))
    )

    edges = [[float(edge) for edge in part[0].attrib["data-plot"].split()] for part in (wide, slim)]
    assert edges[0][0] > edges[1][0] > 0
    assert edges[0][1] < edges[1][1] < 480


@pytest.mark.parametrize("draw", DRAWINGS)
def test_name_is_escaped(draw: Callable[[Chart], Markup]) -> None:
    """A name with markup is text."""
    drawing = draw(_chart(Line("<script>", [1, 2, 3, 4, 5]), title="<b>", description="a & b"))

    assert "<script>" not in drawing
    assert "<b>" not in drawing
    _parse(drawing)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_chart_has_no_inline_style(draw: Callable[[Chart], Markup]) -> None:
    """The content security policy would refuse it."""
    drawing = draw(_chart(Line("a", [1, 2, 3, 4, 5]), marks=[Mark(MOMENTS[2], "went off")]))

    assert "style" not in drawing


@pytest.mark.parametrize("draw", DRAWINGS)
def test_chart_without_data_says_so(draw: Callable[[Chart], Markup]) -> None:
    """It has axes and a sentence, and no line along zero."""
    drawing = draw(_chart(Line("a", [None] * 5)))

    assert "No data in this time" in drawing
    assert "a: no data" in drawing
    assert _paths(drawing, "line") == []


@pytest.mark.parametrize("draw", DRAWINGS)
def test_chart_without_moments_is_drawn(draw: Callable[[Chart], Markup]) -> None:
    """A stack that is a minute old has no periods yet."""
    assert "No data in this time" in draw(_chart(Line("a", []), moments=[]))


def test_line_breaks_at_gaps() -> None:
    """Values on both sides of a gap are two paths; a single value is a dot."""
    drawing = line_chart(_chart(Line("a", [1, 2, None, 4, 5]), Line("b", [None, None, 3, None, None], "s2")))

    assert len(_paths(drawing, "line")) == 2
    assert len(list(_parse(drawing).iter("circle"))) == 1


def test_line_is_drawn_from_zero() -> None:
    """Zero is the lowest grid line, and twice the value is twice as high."""
    path = _paths(line_chart(_chart(Line("a", [0, 5, 10, 5, 0]))), "line")[0]

    heights = [height for _, height in _places(path)]
    assert heights[0] - heights[2] == pytest.approx(2 * (heights[0] - heights[1]), abs=0.2)
    assert heights[0] == max(heights) == 148


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=200))
def test_line_ends_at_its_last_value(values: list[float]) -> None:
    """Two hundred relative steps still lead to the right position."""
    moments = [START + timedelta(minutes=number) for number in range(len(values))]
    drawing = line_chart(_chart(Line("a", values), moments=moments))

    left, right = (float(edge) for edge in _parse(drawing)[0].attrib["data-plot"].split()[:2])
    name = next(text for text in _parse(drawing).iter("text") if text.get("class", "").startswith("name"))
    x, y = _places(_paths(drawing, "line")[0])[-1]
    assert x == pytest.approx(right - (right - left) / len(values) / 2, abs=0.11)
    assert y == pytest.approx(float(name.attrib["y"]) - 3.5, abs=0.11)


def test_bars_are_stacked() -> None:
    """The upper one begins where the lower one ends, so that the top is the sum; each stands over its own moment."""
    drawing = bar_chart(_chart(Line("ok", [4, 4, 0, 4, 4]), Line("bad", [4, 0, 4, 4, None], "warn")))

    lower, upper = (_strokes(path) for path in _paths(drawing, "bar"))
    top_of = {x: top for x, _, top in lower}
    assert len(lower) == 4
    assert len(upper) == 3
    assert all(bottom == top_of.get(x, 148) for x, bottom, _ in upper)
    assert all(bottom - top == pytest.approx(lower[0][1] - lower[0][2], abs=0.2) for _, bottom, top in upper)


def test_empty_bars_are_not_drawn() -> None:
    """Three periods with a count are three bars."""
    drawing = bar_chart(_chart(Line("failed", [0, 1, None, 2, 3], "fail")))

    assert len(_strokes(_paths(drawing, "bar")[0])) == 3


def test_mark_is_drawn_at_its_moment() -> None:
    """One of the current period is drawn at the end, an earlier one not at all."""
    marks = [
        Mark(MOMENTS[2], "went off"),
        Mark(MOMENTS[4] + timedelta(minutes=9), "just now"),
        Mark(START - timedelta(1), "old"),
    ]

    drawing = line_chart(_chart(Line("a", [1, 1, 1, 1, 1]), marks=marks))

    drawn = [float(re.match(r"M([\d.]+)", path)[1]) for path in _paths(drawing, "mark")]  # type: ignore[index]
    line = [x for x, _ in _places(_paths(drawing, "line")[0])]
    assert drawn == pytest.approx([line[2], line[4]], abs=0.11)
    assert "old" not in drawing


def test_sparkline_keeps_gaps_and_has_a_name() -> None:
    """It is an image with a label, and a gap makes two lines."""
    drawing = _parse(sparkline("Files of the last hour", [1, 2, None, 3, 4]))

    assert drawing.attrib["aria-label"] == "Files of the last hour"
    assert sum(part.get("class") == "line" for part in drawing.iter("path")) == 2


@pytest.mark.parametrize("values", [[], [None, None], [0, 0, 0]])
def test_sparkline_without_values_is_flat_or_empty(values: list[float | None]) -> None:
    """Nothing is divided by zero."""
    _parse(sparkline("Nothing", values))
