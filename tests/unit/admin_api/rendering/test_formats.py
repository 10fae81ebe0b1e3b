"""Tests for formats of times, numbers and money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from jinja2 import Environment

from admin_api.rendering.formats import FILTERS, ZONE_COOKIE, ReaderClock, byte_size, duration, money, number, price

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
EARLIER = "2026-11-25T17:58:00.123456Z"


@dataclass
class Frame:
    """The part of a page's frame that the filters use."""

    clock: ReaderClock


def render(template: str, clock: ReaderClock, **values: Any) -> str:
    """Render a template with the clock's filters."""
    environment = Environment(autoescape=True)
    environment.filters.update(FILTERS)
    return environment.from_string(template).render(frame=Frame(clock), **values)


def test_times_without_a_zone_are_utc() -> None:
    """A first visit, or one without scripts, has no zone cookie."""
    clock = ReaderClock.from_cookies({}, NOW)

    assert clock.exact_time(EARLIER) == "25 Nov 17:58:00"
    assert clock.zone_name == "UTC"


def test_times_are_in_the_readers_zone() -> None:
    """The cookie's zone decides."""
    clock = ReaderClock.from_cookies({"waybill_zone": "Asia/Kolkata"}, NOW)

    assert clock.exact_time(EARLIER) == "25 Nov 23:28:00"


def test_reader_may_choose_utc() -> None:
    """The switch overrides the zone."""
    clock = ReaderClock.from_cookies({"waybill_zone": "Asia/Kolkata", "waybill_clock": "utc"}, NOW)

    assert clock.exact_time(EARLIER) == "25 Nov 17:58:00"
    assert clock.shows_utc


@pytest.mark.parametrize("zone", ["", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59.999999Z",
        "2026-11-25T17:58:00",
    ],
)
@pytest.mark.parametrize("format_name", ["time_ago", "exact_time", "day"])
def test_any_moment_of_the_calendar_is_shown(format_name: str, moment: str, zone: str) -> None:
    """A forged event time may stand in an old entry: at the calendar's ends, or without a zone."""
    clock = ReaderClock.from_cookies({"waybill_zone": zone}, NOW)

    shown = render("{{ moment | " + format_name + " }}", clock, moment=moment)

    assert "<time datetime=" in shown


@pytest.mark.parametrize("name", ["Nowhere/Land", "../../etc/passwd", "", "\x00", "Europe"])
def test_unknown_zone_is_utc(name: str) -> None:
    """A cookie may hold anything."""
    assert ReaderClock.from_cookies({"waybill_zone": name}, NOW).zone_name == "UTC"


def test_another_year_is_named() -> None:
    """A date without its year would mislead in January."""
    assert ReaderClock.from_cookies({}, NOW).exact_time("2025-12-31T23:00:00Z") == "31 Dec 2025 23:00:00"


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2026-11-25T00:00:00Z", "today"),
        ("2026-11-24T23:59:59Z", "yesterday"),
        ("2026-11-19T08:00:00Z", "on Thursday"),
        ("2026-11-18T08:00:00Z", "on 18 November"),
        ("2025-11-24T08:00:00Z", "on 24 November 2025"),
        ("2026-11-26T08:00:00Z", "on 26 November"),
    ],
)
def test_a_day_is_named_as_people_do(moment: str, shown: str) -> None:
    """By its name within a week; a sender's clock may be ahead."""
    assert f">{shown}<" in render("{{ moment|day }}", ReaderClock.from_cookies({}, NOW), moment=moment)


def test_a_day_is_the_reader_s() -> None:
    """It is Thursday already in Auckland."""
    clock = ReaderClock.from_cookies({"waybill_zone": "Pacific/Auckland"}, NOW)

    assert clock.day("2026-11-25T10:59:59Z") == "yesterday"
    assert clock.day("2026-11-25T11:00:00Z") == "today"


def test_time_is_relative_with_the_exact_one_on_hover() -> None:
    """The element has the ISO form, the reader's and UTC's."""
    clock = ReaderClock.from_cookies({"waybill_zone": "Europe/Berlin"}, NOW)

    shown = render("{{ moment|time_ago }}", clock, moment=EARLIER)

    assert 'datetime="2026-11-25T17:58:00.123456Z"' in shown
    assert 'title="25 Nov 18:58:00 Europe/Berlin · 2026-11-25 17:58:00.123 UTC"' in shown
    assert ">2 minutes ago<" in shown


@pytest.mark.parametrize(
    "template", ["{{ ''|time_ago }}", "{{ ''|exact_time }}", "{{ ''|day }}", "{{ none|number }}", "{{ ''|money }}"]
)
def test_unknown_value_is_a_dash(template: str) -> None:
    """It is not shown as zero."""
    assert render(template, ReaderClock(NOW)) == "\u2013"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0", "$0.00"), ("0.000033", "$0.000033"), ("0.0126", "$0.013"), ("1234.5", "$1,234.50"), ("0.1", "$0.10")],
)
def test_money_keeps_two_significant_digits(value: str, shown: str) -> None:
    """Amounts range from fractions of a cent to dollars."""
    assert money(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2.5", "2.50"),
        ("596", "596.00"),
        ("12.3456", "12.3456"),
        ("1E+3", "1,000.00"),
        ("9999999.9999", "9,999,999.9999"),
    ],
)
def test_prices_are_exact_with_two_decimal_places_at_least(value: str, shown: str) -> None:
    """Prices are shown as in the file, never rounded."""
    assert price(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0, "0 ms"), (433.4, "433 ms"), (1250, "1.2 s"), (61_000, "1 min 1 s"), (7_260_000, "2 h 1 min")],
)
def test_duration_has_a_fitting_unit(milliseconds: float, shown: str) -> None:
    """Long durations are in hours and minutes."""
    assert duration(milliseconds) == shown


def test_numbers_and_sizes() -> None:
    """Thousands have separators; bytes are in powers of two."""
    assert number(12345) == "12,345"
    assert byte_size(1536) == "1.5 KiB"
    assert byte_size(timedelta(0).seconds) == "0 Bytes"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"])
@pytest.mark.parametrize("zone", ["", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_moment_at_the_end_of_the_calendar_is_shown(moment: str, zone: str) -> None:
    """An event may bear any time: its file's page must open, in every zone."""
    clock = ReaderClock.from_cookies({ZONE_COOKIE: zone}, NOW)

    shown = render("{{ moment|exact_time }} {{ moment|time_ago }}", clock, moment=moment)

    assert shown.count("<time") == 2
