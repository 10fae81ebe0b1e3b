"""Which two versions of one object are one upload."""

from __future__ import annotations

from typing import Any

import pytest

from processor.domain.entries import FileEntry
from processor.domain.file_states import FileState
from processor.domain.same_uploads import is_same_upload

FIRST = FileEntry(
    file_id="1",
    state=FileState.PROCESSING,
    bucket="bucket",
    object_key="raw-data/a/orders.csv",
    version_id="v1",
    received_at="2026-11-22T10:00:01.000000Z",
    base_timestamp="2026-11-22T10:00:01.000000Z",
    uploaded_at="2026-11-22T10:00:00.000000Z",
    sequencer="01",
)
COPY = FIRST._replace(
    file_id="2", version_id="v2", uploaded_at="2026-11-22T10:00:02.000000Z", sequencer="02", is_copy=True
)
SETTLED = {"state": FileState.PROCESSED, "settled_at": "2026-11-22T10:00:03.000000Z"}


@pytest.mark.parametrize(
    ("first", "copy"),
    [
        ({}, {}),
        ({"is_copy": True}, {}),
        (SETTLED, {}),
        ({**SETTLED, "settled_at": "2026-11-22T09:58:30.000000Z"}, {}),
        ({"uploaded_at": COPY.uploaded_at}, {}),
        ({}, {"received_at": "2026-11-22T09:00:00.000000Z"}),
    ],
)
def test_copy_of_what_lay_in_the_inbox_is_the_same_upload(first: dict[str, Any], copy: dict[str, Any]) -> None:
    """A copy under the same key is one file with the version before it, whichever of the two has run first."""
    pair = (FIRST._replace(**first), COPY._replace(**copy))

    assert is_same_upload(pair[1], pair[0])
    assert is_same_upload(pair[0]._replace(state=FileState.PROCESSING), pair[1])


@pytest.mark.parametrize(
    ("entry", "owner"),
    [
        (COPY._replace(is_copy=False), FIRST),
        (FIRST, COPY._replace(is_copy=False)),
        (COPY._replace(object_key="raw-data/b/orders.csv"), FIRST),
        (COPY._replace(bucket="other"), FIRST),
        (COPY, COPY),
        (COPY, FIRST._replace(settled_at="2026-11-22T09:57:00.000000Z")),
        (COPY._replace(uploaded_at=""), FIRST),
        (COPY._replace(asked_again=True), FIRST),
        (COPY._replace(original_key="failed-data/2026/11/22/2/orders.csv"), FIRST),
        (FIRST._replace(is_copy=True), COPY._replace(is_copy=False)),
        (COPY._replace(sequencer="00", uploaded_at=FIRST.uploaded_at), FIRST),
    ],
    ids=[
        "put again",
        "put again, and the second one ran first",
        "another key",
        "another bucket",
        "itself",
        "copied when the first one had long left",
        "nobody knows when it was copied",
        "a person asked for it",
        "settled before",
        "put over a copy",
        "copied before the other one was put",
    ],
)
def test_other_uploads_of_the_same_content_are_files_of_their_own(entry: FileEntry, owner: FileEntry) -> None:
    """What may have been sent once more is never dropped without a word."""
    assert not is_same_upload(entry, owner)
