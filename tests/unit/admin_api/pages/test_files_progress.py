"""Tests for the progress of a run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from admin_api.pages.files.progress import progress_of
from processor.domain.entries import FileEntry, to_iso
from processor.domain.file_states import FileState

BEGAN = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)


def entry(**more: Any) -> FileEntry:
    """Make a file that a run is reading."""
    known: dict[str, Any] = {
        "file_id": "f1",
        "state": FileState.PROCESSING,
        "bucket": "b",
        "object_key": "raw-data/orders.csv",
        "version_id": "v",
        "received_at": to_iso(BEGAN - timedelta(hours=1)),
        "base_timestamp": to_iso(BEGAN),
        "run_started_at": to_iso(BEGAN),
    }
    return FileEntry(**known | more)


def test_the_rest_takes_as_long_as_the_part_so_far_did() -> None:
    """A quarter read in ten seconds leaves thirty, counted from this run's beginning and not from the file's."""
    running = progress_of(entry(progress_rows=500, progress_bytes=250, size_bytes=1_000), BEGAN + timedelta(seconds=10))

    assert (running.done, running.total, running.rows) == (250, 1_000, 500)
    assert running.seconds_left == 30
    assert running.left_words == "30 s left"


@pytest.mark.parametrize(
    ("known", "seconds"),
    [
        ({}, 60),
        ({"size_bytes": 1_000}, 60),
        ({"progress_bytes": 250, "size_bytes": 1_000}, 2),
        ({"progress_bytes": 1_000, "size_bytes": 1_000}, 60),
        ({"progress_bytes": 1_001, "size_bytes": 1_000}, 60),
    ],
)
def test_where_the_end_cannot_be_told_none_is_promised(known: dict[str, int], seconds: int) -> None:
    """Not before the first report, not in the first seconds, not after the last byte was read."""
    running = progress_of(entry(**known), BEGAN + timedelta(seconds=seconds))

    assert running.left_words == ""
    assert running.done <= running.total


def test_a_size_of_an_earlier_run_is_no_progress_of_this_one() -> None:
    """A file that is reprocessed knows its size from the start, and has read nothing yet."""
    assert progress_of(entry(size_bytes=1_000), BEGAN).total == 0


def test_long_times_are_in_minutes() -> None:
    """Nobody counts 600 seconds."""
    running = progress_of(entry(progress_bytes=10, size_bytes=610), BEGAN + timedelta(seconds=10))

    assert running.left_words == "10 min left"
