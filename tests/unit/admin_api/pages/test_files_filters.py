"""The filter of the list of files reads what it writes, and says in words what it lets through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from admin_api.pages.files.filters import CAUSES, AgeLimit, FileQuery, cause_options
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from processor.ledger.file_list import FileFilter

NOW = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
QUERIES = st.builds(
    FileQuery,
    state=st.none() | st.sampled_from(FileState),
    received=st.none() | st.sampled_from(AgeLimit),
    since=st.none() | MOMENTS,
    until=st.none() | MOMENTS,
    name=WORDS,
    cause=WORDS,
    rejected=st.booleans(),
)


@given(QUERIES)
def test_address_reads_back_as_it_was_written(query: FileQuery) -> None:
    """Whatever stands in it, also what has to be encoded."""
    address = urlsplit(query.address())
    fields = {name: values[0] for name, values in parse_qs(address.query).items()}

    assert address.path == "/files"
    assert FileQuery.model_validate(fields).to_file_filter(NOW) == query.to_file_filter(NOW)


@given(QUERIES)
def test_fixed_query_means_the_same_later(query: FileQuery) -> None:
    """Its bounds are moments: it lets through what it let through, and nothing that comes in afterwards."""
    bounded = query.with_exact_bounds(NOW)

    later = bounded.to_file_filter(NOW + timedelta(days=3))

    assert later.since == query.to_file_filter(NOW).since
    assert later.until == (query.to_file_filter(NOW).until or to_iso(NOW))
    assert (later.state, later.name, later.cause) == (query.state, query.name.strip(), query.cause.strip())


def test_empty_fields_of_a_form_filter_nothing() -> None:
    """A browser sends every field of a form, filled or not."""
    empty = dict.fromkeys(["state", "received", "since", "until", "name", "cause"], "")

    query = FileQuery.model_validate(empty)

    assert query.to_file_filter(NOW) == FileFilter()
    assert (query.address(), query.describe()) == ("/files", "")


@pytest.mark.parametrize(
    ("span", "since"),
    [("1h", "2026-11-25T17"), ("1d", "2026-11-24T18"), ("7d", "2026-11-18T18"), ("30d", "2026-10-26T18")],
)
def test_span_counts_back_from_now(span: str, since: str) -> None:
    """An exact beginning goes before it."""
    assert FileQuery(received=AgeLimit(span)).to_file_filter(NOW).since.startswith(since)
    exact = FileQuery(received=AgeLimit(span), since=NOW - timedelta(hours=2))
    assert exact.to_file_filter(NOW).since.startswith("2026-11-25T16")


@pytest.mark.parametrize(
    "fields",
    [{"state": "asleep"}, {"received": "2y"}, {"since": "2026-11-25T18:00:00"}, {"name": "x" * 201}, {"until": "x"}],
)
def test_what_is_no_filter_is_refused(fields: dict[str, str]) -> None:
    """An unknown state, a moment without its zone, a name without an end."""
    with pytest.raises(ValidationError):
        FileQuery.model_validate(fields)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "dead_lettered"}, "dead-lettered"),
        ({"state": "failed", "received": "7d"}, "failed, received in the last 7 days"),
        ({"name": " a ", "rejected": True}, "named “a”, with rejected rows"),
        ({"cause": "wrong_name"}, "with the cause wrong name"),
        ({"since": "2026-11-25T18:00:00Z"}, "received since 2026-11-25 18:00 UTC"),
        ({"until": "2026-11-25T18:00:00+01:00"}, "received until 2026-11-25 17:00 UTC"),
        (
            {"since": "2026-11-25T18:00:00Z", "until": "2026-11-26T18:00:00Z"},
            "received from 2026-11-25 18:00 UTC to 2026-11-26 18:00 UTC",
        ),
    ],
)
def test_filter_is_told_in_words(values: dict[str, Any], words: str) -> None:
    """As it stands in the question before an action, and in the activity after it."""
    assert FileQuery.model_validate(values).describe() == words


def test_more_fields_of_an_address_replace_and_leave_out() -> None:
    """A cursor is added, and an empty one is not there."""
    query = FileQuery(state=FileState.FAILED)

    assert query.address(cursor="abc") == "/files?state=failed&cursor=abc"
    assert query.address("/files/actions", cursor="", kind="dismiss") == "/files/actions?state=failed&kind=dismiss"


def test_causes_offered_include_the_one_in_use() -> None:
    """A cause of AWS's own, that came with a link, is not lost from the bar."""
    assert ("wrong_name", "wrong name") in cause_options("")
    assert len(cause_options("empty")) == len(CAUSES) + 1
    assert cause_options("AccessDenied")[1] == ("AccessDenied", "AccessDenied")


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+12:00",
        "9999-12-31T23:59:59-12:00",
        "0999-12-31T00:00:00Z",
        "1e20",
        "-1e20",
        "3000-01-01T00:00:00Z",
        "2026-11-25T18:00:00",
    ],
)
def test_moment_at_the_end_of_the_calendar_is_refused(name: str, moment: str) -> None:
    """It has no form that sorts as text, or none at all in UTC; the page says so."""
    with pytest.raises(ValidationError):
        FileQuery.model_validate({name: moment})


@given(st.datetimes(timezones=st.timezones()) | st.datetimes(timezones=st.just(UTC)))
def test_moment_is_refused_or_can_be_used_everywhere(moment: datetime) -> None:
    """Property: what the filter takes can be written, described and made exact."""
    try:
        query = FileQuery.model_validate({"since": moment, "until": moment})
    except ValidationError:
        return

    bounded = query.with_exact_bounds(NOW)

    assert bounded.to_file_filter(NOW).span
    assert bounded.describe()
    assert query.address()
