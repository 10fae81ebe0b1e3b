"""A sparkline: a small chart of a measure, beside its value. SVG without styles. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from admin_api.rendering.charts.axes import Scale, contiguous_indexes

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 80, 20


def sparkline(title: str, values: Sequence[float | None], *, tone: str = "s1") -> Markup:
    """Draw values from zero to the greatest; gaps stay gaps."""
    known = [value for value in values if value is not None]
    y = Scale(0, max(max(known, default=0), 0) or 1, _HEIGHT - 2, 2)
    x = Scale(0, max(len(values) - 1, 1), 2, _WIDTH - 2)
    parts = []
    for indexes in contiguous_indexes(values):
        points = [(x.at(index), y.at(values[index] or 0)) for index in indexes]
        if len(points) == 1:
            parts.append(Markup('<circle class="dot" cx="{:g}" cy="{:g}" r="2"/>').format(*points[0]))
            continue
        path = "M" + "L".join(f"{left:g} {top:g}" for left, top in points)
        outline = f"{path}V{_HEIGHT - 2}H{points[0][0]:g}z"
        parts.append(Markup('<path class="area" d="{}"/><path class="line" d="{}"/>').format(outline, path))
    drawing = Markup(
        '<svg class="chart spark" viewBox="0 0 {} {}" role="img" aria-label="{}"><g class="{}">{}</g></svg>'
    )
    return drawing.format(_WIDTH, _HEIGHT, title, tone, Markup("").join(parts))
