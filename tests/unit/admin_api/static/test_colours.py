"""Tests for colour contrasts by WCAG 2.2 AA, computed from the tokens, in both themes."""

from __future__ import annotations

import math
import re

import pytest

from admin_api.web.assets import FOLDER

_TOKENS = (FOLDER / "css/tokens.css").read_text()
_OKLCH = r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)"
GROUNDS = ("canvas", "surface", "raised", "hover", "chosen")
STATES = ("ok", "warn", "fail", "info")

READ = [
    *((ink, ground) for ink in ("text", "muted", "accent", *STATES) for ground in GROUNDS),
    *((state, f"{state}-ground") for state in STATES),
    ("muted", "idle-ground"),
    ("text", "pressed"),
    ("muted", "pressed"),
    ("text", "ok-ground"),
    ("text", "fail-ground"),
    *(("on-fill", f"{name}-fill{when}") for name in ("accent", "fail") for when in ("", "-hover")),
    ("on-fill", "production"),
]
"""Text colours and their backgrounds."""
SEEN = [
    *(
        (mark, "surface")
        for mark in ("edge", "ink-1", "ink-2", "ink-3", "ink-4", *(f"{state}-mark" for state in STATES))
    ),
    ("edge", "canvas"),
    ("accent", "canvas"),
    ("accent", "surface"),
    ("accent", "raised"),
    ("production", "canvas"),
]
"""Edges, lines and marks, and their backgrounds."""


def _colour(name: str, theme: str) -> tuple[float, float, float]:
    value = re.search(rf"--{name}: (.+);", _TOKENS)
    assert value, f"There is no token --{name}."
    colours = re.findall(_OKLCH, value[1])
    lightness, chroma, hue = map(float, colours[-1 if theme == "dark" else 0])
    return lightness, chroma, hue


def _linear_srgb(colour: tuple[float, float, float]) -> list[float]:
    """Convert as https://www.w3.org/TR/css-color-4/#color-conversion-code does; a little out of gamut is clipped."""
    lightness, chroma, hue = colour
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return [min(max(channel, 0.0), 1.0) for channel in channels]


def _luminance(colour: tuple[float, float, float]) -> float:
    red, green, blue = _linear_srgb(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str, theme: str) -> float:
    lights = sorted(_luminance(_colour(name, theme)) for name in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), READ)
def test_text_contrasts_with_its_background(ink: str, ground: str, theme: str) -> None:
    """4.5 to 1, for text of any size (WCAG 1.4.3)."""
    assert _contrast(ink, ground, theme) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), SEEN)
def test_marks_contrast_with_their_background(mark: str, ground: str, theme: str) -> None:
    """3 to 1, for edges of controls, focus and the lines of charts (WCAG 1.4.11)."""
    assert _contrast(mark, ground, theme) >= 3


def test_contrast_is_computed_as_wcag_does() -> None:
    """Black on white is 21 to 1, and a colour on itself 1 to 1."""
    black, white = _luminance((0.0, 0.0, 0.0)), _luminance((1.0, 0.0, 0.0))

    assert (white + 0.05) / (black + 0.05) == pytest.approx(21, rel=1e-3)
    assert _contrast("text", "text", "light") == 1
