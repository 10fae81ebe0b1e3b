"""The zone and the moment in which tests run, drawn from the seed of their order, the same for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

ZONES = ("America/New_York", "America/St_Johns", "Asia/Kathmandu", "Europe/Berlin", "Pacific/Kiritimati")
FIRST, YEARS = 2027, 10
_JUST_BEFORE = timedelta(seconds=20)
"""So that whatever turns does so while tests run."""


class Place(NamedTuple):
    """A zone, never UTC, and a moment."""

    zone: str
    moment: datetime


def place_of(seed: int) -> Place:
    """Draw any moment anywhere, or one when an hour, a day, a year or a summer ends, or the day that is rare."""
    rng = Random(seed)  # noqa: S311
    zone, year = rng.choice(ZONES), FIRST + rng.randrange(YEARS)
    moment = datetime(FIRST, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(YEARS * 365 * 86_400))
    return rng.choice(
        (
            Place(zone, moment),
            Place(zone, moment.replace(minute=0, second=0) - _JUST_BEFORE),
            Place(zone, moment.replace(hour=0, minute=0, second=0) - _JUST_BEFORE),
            Place(zone, datetime(year, 1, 1, tzinfo=UTC) - _JUST_BEFORE),
            Place(zone, datetime(year + -year % 4, 2, 29, 12, tzinfo=UTC)),
            Place("Europe/Berlin", datetime(2027, 3, 28, 1, tzinfo=UTC) - _JUST_BEFORE),
            Place("America/New_York", datetime(2027, 11, 7, 6, tzinfo=UTC) - _JUST_BEFORE),
        )
    )
