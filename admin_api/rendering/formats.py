"""Formats for times, numbers and money: in the reader's time zone, short in lists and exact on hover.

The zone comes from a cookie that a script sets; without it, UTC. Everything here serves the Jinja filters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import humanize
from jinja2 import pass_context
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2.runtime import Context

ZONE_COOKIE, CLOCK_COOKIE = "waybill_zone", "waybill_clock"
UNKNOWN = "\u2013"
_DAYS_OF_A_WEEK = 7
_FIRST, _LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ReaderClock:
    """The reader's time zone, and the time now."""

    now: datetime
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    shows_utc: bool = False
    """Whether the reader chose UTC although the zone is known."""

    @classmethod
    def from_cookies(cls, cookies: Mapping[str, str], now: datetime) -> ReaderClock:
        """Read the reader's zone and choice; an unknown zone is UTC."""
        name = cookies.get(ZONE_COOKIE, "").replace("%2F", "/")
        shows_utc = cookies.get(CLOCK_COOKIE) == "utc"
        try:
            zone: tzinfo = ZoneInfo(name) if name else UTC
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone, name = UTC, ""
        if shows_utc or not name:
            return cls(now, UTC, "UTC", shows_utc=shows_utc)
        return cls(now, zone, name)

    def local_time(self, moment: datetime | str) -> datetime:
        """Return the moment in the reader's zone."""
        return _in_zone(moment, self.zone)

    def exact_time(self, moment: datetime | str) -> str:
        """Write a moment to the second, with the year unless it is the current one."""
        local = self.local_time(moment)
        year = "" if local.year == _in_zone(self.now, self.zone).year else f" {local.year}"
        return f"{local.day} {local:%b}{year} {local:%H:%M:%S}"

    def day(self, moment: datetime | str) -> str:
        """Write the day of a moment, to follow a verb: by its name within a week."""
        local, today = self.local_time(moment), _in_zone(self.now, self.zone).date()
        days = (today - local.date()).days
        if days in {0, 1}:
            return "yesterday" if days else "today"
        if 0 < days < _DAYS_OF_A_WEEK:
            return f"on {local:%A}"
        return f"on {local.day} {local:%B}" + ("" if local.year == today.year else f" {local.year}")

    def time_ago(self, moment: datetime | str) -> str:
        """Write how long ago a moment was."""
        try:
            return humanize.naturaltime(self.now - _as_datetime(moment))
        except OverflowError:
            return self.exact_time(moment)


def _as_datetime(moment: datetime | str) -> datetime:
    """Read a moment; one near the calendar's ends, as a forged event gives it, is moved to where every zone has it."""
    moment = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(moment, _FIRST), _LAST)


def _in_zone(moment: datetime | str, zone: tzinfo) -> datetime:
    """Return the moment in a zone, or as it is where the calendar ends: files may bear any time."""
    read = _as_datetime(moment)
    try:
        return read.astimezone(zone)
    except OverflowError:
        return read


def _time_element(moment: datetime | str, text: str, hover: str) -> Markup:
    machine = _in_zone(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(machine, hover, text)


def _hover_text(clock: ReaderClock, moment: datetime | str) -> str:
    utc = f"{_in_zone(moment, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"
    return utc if clock.zone is UTC else f"{clock.exact_time(moment)} {clock.zone_name} · {utc}"


@pass_context
def time_ago(context: Context, moment: datetime | str) -> str | Markup:
    """Show how long ago a moment was, with the exact time on hover."""
    if not moment:
        return UNKNOWN
    clock: ReaderClock = context["frame"].clock
    return _time_element(moment, clock.time_ago(moment), _hover_text(clock, moment))


@pass_context
def exact_time(context: Context, moment: datetime | str) -> str | Markup:
    """Show a moment to the second."""
    if not moment:
        return UNKNOWN
    clock: ReaderClock = context["frame"].clock
    return _time_element(moment, clock.exact_time(moment), _hover_text(clock, moment))


@pass_context
def day(context: Context, moment: datetime | str) -> str | Markup:
    """Show the day of a moment."""
    if not moment:
        return UNKNOWN
    clock: ReaderClock = context["frame"].clock
    return _time_element(moment, clock.day(moment), _hover_text(clock, moment))


def number(value: float | Decimal | None) -> str:
    """Write a number with thousands separators."""
    return UNKNOWN if value is None else f"{value:,}"


def byte_size(count: float | None) -> str:
    """Write a number of bytes."""
    return UNKNOWN if count is None else humanize.naturalsize(count, binary=True, format="%.1f").replace(".0 ", " ")


def money(value: str | float | Decimal | None) -> str:
    """Write US dollars: in cents from ten cents on, with two significant digits below."""
    try:
        amount = Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        amount = None
    if amount is None:
        return UNKNOWN
    if not amount or amount >= Decimal("0.1"):
        return f"${amount:,.2f}"
    return f"${amount:.{1 - amount.adjusted()}f}"


def price(value: Decimal) -> str:
    """Write an exact amount in the files' currency: two decimal places, or as many as it has."""
    exponent = value.normalize().as_tuple().exponent
    places = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{value:,.{places}f}"


def duration(milliseconds: float | None) -> str:
    """Write a duration in milliseconds, seconds, minutes or hours."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


FILTERS: dict[str, Any] = {
    "time_ago": time_ago,
    "exact_time": exact_time,
    "day": day,
    "number": number,
    "bytes": byte_size,
    "money": money,
    "price": price,
    "duration": duration,
}
