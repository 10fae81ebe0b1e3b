"""Lists of files: every page is one read, no file is shown twice or left out, and a search says how far it looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber

from processor.domain.cursors import CursorError, pack
from processor.domain.entries import FILE_ENTRY
from processor.domain.errors import LookupThrottledError
from processor.domain.file_states import FileState
from processor.ledger.file_list import FileFilter, FileList, FilePage, cursor_behind_file
from processor.ledger.table import item_key
from tests.integration.file_items import put_file
from tests.integration.kill import Killer

if TYPE_CHECKING:
    from tests.integration.stage import Stage

MANY = 3_000


def unprocessed(*file_ids: str) -> dict[str, Any]:
    """Answer BatchGetItem as a throttled table does: with nothing but what it left undone."""
    keys = [item_key(file_id, FILE_ENTRY) for file_id in file_ids]
    return {"Responses": {}, "UnprocessedKeys": {"files": {"Keys": keys}}}


@pytest.fixture
def files(stage: Stage) -> FileList:
    """Provide the list."""
    return FileList(stage.clients.files, "files")


def walk(files: FileList, wanted: FileFilter, *, limit: int, cursor: str = "", newer: bool = False) -> list[FilePage]:
    """Turn page after page until there is none; the first is the one at ``cursor``."""
    pages = [files.list_files(wanted, cursor=cursor, limit=limit)]
    while cursor := pages[-1].newer if newer else pages[-1].older:
        pages.append(files.list_files(wanted, cursor=cursor, limit=limit))
    return pages


def ids(*pages: FilePage) -> list[str]:
    """List the ids of all files on these pages, in their order."""
    return [entry.file_id for page in pages for entry in page.files]


@pytest.mark.parametrize("state", [None, FileState.PROCESSED])
def test_pages_lead_to_every_file_once_in_both_directions(
    stage: Stage, files: FileList, state: FileState | None
) -> None:
    """Older and older to the end, then newer and newer back to the beginning: the same pages."""
    written = [put_file(stage, number) for number in range(23)]
    wanted = FileFilter(state=state)

    down = walk(files, wanted, limit=5)
    up = walk(files, wanted, limit=5, cursor=down[-1].newer, newer=True)

    assert ids(*down) == written[::-1]
    assert [ids(page) for page in [*up[::-1], down[-1]]] == [ids(page) for page in down]
    assert (down[0].newer, down[-1].older) == ("", "")


def test_files_of_one_moment_are_neither_repeated_nor_left_out(stage: Stage, files: FileList) -> None:
    """A page may end in the middle of files that were received in the same microsecond."""
    written = {put_file(stage, number, at="2026-11-22T10:00:00.000000Z") for number in range(17)}

    down = walk(files, FileFilter(), limit=5)
    up = walk(files, FileFilter(), limit=5, cursor=down[-1].newer, newer=True)

    assert len(ids(*down)) == 17
    assert set(ids(*down)) == written
    assert ids(*up[::-1]) == ids(*down[:-1])


def test_page_stays_where_it_is_while_files_come_in(stage: Stage, files: FileList) -> None:
    """The cursor is a position, not a number of files to pass over."""
    for number in range(10):
        put_file(stage, number)
    first = files.list_files(FileFilter(), limit=4)
    before = ids(files.list_files(FileFilter(), cursor=first.older, limit=4))

    for number in range(10, 20):
        put_file(stage, number)

    assert ids(files.list_files(FileFilter(), cursor=first.older, limit=4)) == before


def test_position_outlives_the_file_that_it_was_made_of(stage: Stage, files: FileList) -> None:
    """If that file has another state by now, the list goes on from where it was."""
    written = [put_file(stage, number, state=FileState.FAILED) for number in range(6)]
    first = files.list_files(FileFilter(state=FileState.FAILED), limit=3)

    put_file(stage, 3, state=FileState.PROCESSED)

    second = files.list_files(FileFilter(state=FileState.FAILED), cursor=first.older, limit=3)
    assert ids(second) == written[2::-1]


@pytest.mark.parametrize(
    ("span", "numbers"),
    [
        ({"since": "2026-11-22T00:00:05.000000Z"}, range(5, 10)),
        ({"until": "2026-11-22T00:00:05.000000Z"}, range(6)),
        ({"since": "2026-11-22T00:00:05Z", "until": "2026-11-22T01:00:07+01:00"}, range(5, 8)),
        ({"since": "2026-11-22T00:00:03.000000Z", "until": "2026-11-22T00:00:05.000000Z"}, range(3, 6)),
        ({"since": "2026-11-22T00:00:06.000000Z", "until": "2026-11-22T00:00:05.000000Z"}, range(0)),
    ],
    ids=["since", "until", "in other words", "between", "nothing between"],
)
def test_span_bounds_the_list(stage: Stage, files: FileList, span: dict[str, str], numbers: range) -> None:
    """Both bounds belong to the span, on every page of it."""
    written = [put_file(stage, number) for number in range(10)]

    pages = walk(files, FileFilter(**span), limit=2)  # type: ignore[arg-type]

    assert ids(*pages) == [written[number] for number in reversed(numbers)]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (FileFilter(name="ORDERS-1"), [1]),
        (FileFilter(name="  orders-2.csv "), [2]),
        (FileFilter(name=f"{3:024x}"), [3]),
        (FileFilter(name="raw-data"), []),
        (FileFilter(cause="empty"), [4]),
        (FileFilter(rejected=True), [5]),
        (FileFilter(rejected=True, cause="empty"), []),
        (FileFilter(state=FileState.FAILED, name="orders"), [4]),
    ],
)
def test_filters_look_through_the_files(stage: Stage, files: FileList, wanted: FileFilter, numbers: list[int]) -> None:
    """Name in any case, whole id, cause, rejected rows, all at once if need be."""
    written = [put_file(stage, number) for number in range(4)]
    written.append(put_file(stage, 4, cause="empty", state=FileState.FAILED))
    written.append(put_file(stage, 5, rejected_rows=2))

    page = files.list_files(wanted)

    assert ids(page) == [written[number] for number in numbers]
    assert page.searched_to == ""


def test_a_search_looks_so_far_and_says_how_far(stage: Stage, files: FileList, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends early rather than keep a person waiting, and goes on from there; nothing is missed on the way."""
    monkeypatch.setattr("processor.ledger.index_pages.MOST_SEARCHED", 100)
    sought = {put_file(stage, number, cause="empty") for number in (5, 150, 155, 299)}
    for number in range(300):
        if f"{number:024x}" not in sought:
            put_file(stage, number)
    wanted = FileFilter(cause="empty")

    pages = walk(files, wanted, limit=50)
    back = walk(files, wanted, limit=50, cursor=pages[-1].newer, newer=True)

    assert [len(page.files) for page in pages] == [1, 2, 1]
    assert [page.searched_to for page in pages] == ["2026-11-22T00:03:20.000000Z", "2026-11-22T00:01:40.000000Z", ""]
    assert set(ids(*pages)) == sought
    assert set(ids(*back, pages[-1])) == sought
    assert (files.count_files(wanted).files, files.count_files(wanted).complete) == (4, True)


def test_page_of_a_search_is_full_before_it_is_cut(stage: Stage, files: FileList) -> None:
    """If more files pass than fit, the next page begins behind the last one shown."""
    written = [put_file(stage, number, rejected_rows=1) for number in range(12)]

    pages = walk(files, FileFilter(rejected=True), limit=5)

    assert [len(page.files) for page in pages] == [5, 5, 2]
    assert ids(*pages) == written[::-1]
    assert all(page.searched_to == "" for page in pages)


def test_empty_page_leads_back_to_all_before_it(stage: Stage, files: FileList) -> None:
    """The file at which the look before had ended is not lost on the way back."""
    last = put_file(stage, 5, cause="empty")
    for number in range(5):
        put_file(stage, number)
    at = "2026-11-22T00:00:05.000000Z"
    cursor = pack("older", at, last, "file")

    empty = files.list_files(FileFilter(cause="empty"), cursor=cursor)

    assert empty.files == ()
    assert ids(files.list_files(FileFilter(cause="empty"), cursor=empty.newer)) == [last]


def test_reads_do_not_grow_with_the_number_of_files(stage: Stage, files: FileList) -> None:
    """A page deep in a long list takes the one read that the first page of a short one takes."""
    for number in range(60):
        put_file(stage, number)
    with Killer().watching(stage.clients) as few:
        files.list_files(FileFilter())
    for number in range(60, MANY):
        put_file(stage, number)
    deep = pack("older", "2026-11-22T00:05:00.000000Z", f"{300:024x}", "file")

    with Killer().watching(stage.clients) as many:
        page = files.list_files(FileFilter(), cursor=deep)
        files.list_files(FileFilter(name="nothing"), cursor=deep)

    assert few.calls == ["Query"]
    assert many.calls == ["Query", "Query"]
    assert ids(page)[0] == f"{299:024x}"


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        pack("older", "2026-11-22T00:00:00.000000Z"),
        pack("sideways", "2026-11-22T00:00:00.000000Z", "f", "file"),
        pack("older", "", "f", "file"),
        pack("older", "2026-11-22T00:00:00.000000Z", "f", ""),
        pack("older", "2026-11-21T00:00:00.000000Z", "f", "file"),
        pack("older", "2026-11-23T00:00:00.000000Z", "f", "file"),
    ],
)
def test_what_is_no_position_in_the_list_is_refused(files: FileList, cursor: str) -> None:
    """Nor is one outside the span, which DynamoDB would not take."""
    wanted = FileFilter(since="2026-11-22T00:00:00.000000Z", until="2026-11-22T23:00:00.000000Z")

    with pytest.raises(CursorError):
        files.list_files(wanted, cursor=cursor)


def test_count_that_would_take_too_long_says_so(stage: Stage, files: FileList, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts what it could look through."""
    monkeypatch.setattr("processor.ledger.file_list.MOST_SEARCHED", 2)
    for number in range(11):
        put_file(stage, number)

    total = files.count_files(FileFilter())

    assert (total.files, total.complete) == (10, False)


def test_oldest_first_is_the_same_list_from_its_other_end(stage: Stage, files: FileList) -> None:
    """The first page is that of the oldest, and nothing is older."""
    written = [put_file(stage, number) for number in range(12)]

    first = files.list_files(FileFilter(), limit=5, from_oldest=True)
    pages = [first, *walk(files, FileFilter(), limit=5, cursor=first.newer, newer=True)]

    assert first.older == ""
    assert ids(*pages[::-1]) == written[::-1]
    assert ids(files.list_files(FileFilter(), limit=5, cursor=pages[1].older)) == ids(first)


def test_walk_goes_on_behind_a_file(stage: Stage, files: FileList) -> None:
    """A walk that was cut off inside a page goes on with the next file."""
    written = [put_file(stage, number) for number in range(6)]
    third = files.list_files(FileFilter()).files[2]

    assert ids(files.list_files(FileFilter(), cursor=cursor_behind_file(third))) == written[2::-1]


def test_chosen_files_are_read_in_one_call(stage: Stage, files: FileList) -> None:
    """In the order given, once each, as last written; what does not exist is left out."""
    written = [put_file(stage, number) for number in range(3)]

    with Killer().watching(stage.clients) as killer:
        found = files.read_files([written[2], "nobody", written[0], written[2]])

    assert [entry.file_id for entry in found] == [written[2], written[0]]
    assert killer.calls == ["BatchGetItem"]


def test_entries_that_are_left_unprocessed_are_read_after_a_wait(stage: Stage) -> None:
    """A throttled table answers a part: the rest is asked for again after growing waits."""
    waits: list[float] = []
    patient = FileList(stage.clients.files, "files", sleep=waits.append)
    with Stubber(stage.clients.files) as stubber:
        for _ in range(2):
            stubber.add_response("batch_get_item", unprocessed("a"))
        stubber.add_response("batch_get_item", {"Responses": {}})

        found = patient.read_files(["a"])

    assert found == []
    assert waits == [0.05, 0.1]


def test_a_table_that_stays_busy_ends_the_reading(stage: Stage) -> None:
    """After a bounded number of attempts the reader is told to come back, long before the gateway gives up."""
    impatient = FileList(stage.clients.files, "files", sleep=lambda _: None)
    with Stubber(stage.clients.files) as stubber:
        for _ in range(8):
            stubber.add_response("batch_get_item", unprocessed("a", "b"))

        with pytest.raises(LookupThrottledError, match="2 files could not be read"):
            impatient.read_files(["a", "b"])
