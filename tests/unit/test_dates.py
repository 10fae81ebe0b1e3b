"""Tests for the zone and the date in which the tests themselves run."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

from tests.dates import FIRST, YEARS, place_of


def test_a_seed_names_one_place_for_ever() -> None:
    """A run can be repeated at any time."""
    place = place_of(19)

    assert place == place_of(19)
    assert (place.zone, place.moment.isoformat()) == ("America/New_York", "2036-02-29T12:00:00+00:00")


def test_seeds_reach_what_goes_wrong_once_a_year() -> None:
    """Among some hundred seeds are the rare day, New Year and the nights when clocks change; no zone is UTC."""
    places = [place_of(seed) for seed in range(300)]

    soon = [(place.moment + timedelta(minutes=1)).astimezone(ZoneInfo(place.zone)) for place in places]
    now = [place.moment.astimezone(ZoneInfo(place.zone)) for place in places]
    turns = Counter(
        what
        for here, then, place in zip(now, soon, places, strict=True)
        for what, holds in {
            "summer begins": here.utcoffset() < then.utcoffset(),  # type: ignore[operator]
            "summer ends": here.utcoffset() > then.utcoffset(),  # type: ignore[operator]
            "rare day": (place.moment.month, place.moment.day) == (2, 29),
            "new year": place.moment.year < (place.moment + timedelta(minutes=1)).year,
        }.items()
        if holds
    )
    assert min(turns[what] for what in ("summer begins", "summer ends", "rare day", "new year")) > 10
    assert {place.zone for place in places}.isdisjoint({"UTC", "Etc/UTC"})
    assert all(FIRST - 1 <= place.moment.year <= FIRST + YEARS for place in places)
