"""Drawings of a word's size: a sparkline beside a figure, a meter of parts of a whole. Pure SVG, no styles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from admin_api.axes import Scale, stretches

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDE, _HIGH = 80, 20
_METER = 100


def sparkline(title: str, values: Sequence[float | None], *, tone: str = "s1") -> Markup:
    """Draw the course of a figure, from zero to its greatest value; gaps stay gaps."""
    known = [value for value in values if value is not None]
    y = Scale(0, max(max(known, default=0), 0) or 1, _HIGH - 2, 2)
    x = Scale(0, max(len(values) - 1, 1), 2, _WIDE - 2)
    parts = []
    for stretch in stretches(values):
        points = [(x.at(index), y.at(values[index] or 0)) for index in stretch]
        if len(points) == 1:
            parts.append(Markup('<circle class="dot" cx="{:g}" cy="{:g}" r="1.5"/>').format(*points[0]))
            continue
        path = "M" + "L".join(f"{left:g} {top:g}" for left, top in points)
        ground = f"{path}V{_HIGH - 2}H{points[0][0]:g}z"
        parts.append(Markup('<path class="area" d="{}"/><path class="line" d="{}"/>').format(ground, path))
    drawing = Markup(
        '<svg class="chart spark" viewBox="0 0 {} {}" role="img" aria-label="{}"><g class="{}">{}</g></svg>'
    )
    return drawing.format(_WIDE, _HIGH, title, tone, Markup("").join(parts))


def meter(title: str, parts: Sequence[tuple[str, float]]) -> Markup:
    """Draw parts of a whole side by side: (tone, amount) each. What there is at all is at least a hair wide."""
    whole = sum(amount for _, amount in parts)
    shown = [(tone, max(_METER * amount / whole, 3)) for tone, amount in parts if amount > 0] if whole else []
    scale = _METER / sum(width for _, width in shown) if shown else 1
    left = 0.0
    bars = [Markup('<rect class="ground" width="{}" height="6" rx="1"/>').format(_METER)]
    for tone, width in shown:
        bar = Markup('<rect class="bar {}" x="{:.1f}" width="{:.1f}" height="6"/>')
        bars.append(bar.format(tone, left, width * scale))
        left += width * scale
    drawing = Markup('<svg class="chart meter" viewBox="0 0 {} 6" role="img" aria-label="{}">{}</svg>')
    return drawing.format(_METER, title, Markup("").join(bars))
