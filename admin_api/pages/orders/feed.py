"""The feed of all orders, page by page: the newest file first, and each file's orders in row order.

A position is a file (with the time by which the list finds it) and a row of it, so that pages stay in place while files
arrive, and a page's reads of the ledger can be made at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING

from admin_api.pages.parts import start_call
from processor.domain.cursors import CursorError, Direction, pack, unpack
from processor.domain.entries import FIRST_STRIDE, from_iso, to_iso
from processor.domain.orders import Order
from processor.ledger.file_list import FileFilter
from processor.orders.lookup import PAGE
from processor.storage.accepted_reader import run_with_offsets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry, RunEntry
    from processor.ledger.file_list import FilePage
    from processor.orders.lookup import FileOrders

_MOST_FILES = 50
_MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Orders by file, the newest file first, with the cursors of the pages around them ("" if there is none)."""

    groups: tuple[FileOrders, ...]
    older: str
    newer: str
    searched_to: str = ""
    """If no file examined had an order, and there are older files: when the last one examined was received."""


@dataclass(frozen=True, slots=True)
class _Position:
    """A row of a file, and the direction of the page from there."""

    direction: Direction
    received_at: str
    file_id: str
    row: int

    @classmethod
    def from_cursor(cls, cursor: str) -> _Position:
        """Read a cursor; raises :class:`CursorError`."""
        direction, (received_at, file_id, row) = unpack(cursor, 3)
        if not (row.isascii() and row.isdigit() and len(row) <= _MOST_DIGITS):
            raise CursorError(cursor)
        try:
            moment = to_iso(from_iso(received_at))
            from_iso(moment)  # A year before 1000 would be written with too few digits.
            return cls(direction, moment, file_id, int(row))
        except (ValueError, OverflowError) as error:
            raise CursorError(cursor) from error

    @staticmethod
    def cursor(direction: Direction, entry: FileEntry, row: int) -> str:
        """Pack a position into a cursor."""
        return pack(direction, entry.received_at, entry.file_id, str(row))


@dataclass(frozen=True, slots=True)
class _Start:
    """The start of a page: the files from there on, and the first row of the first file."""

    files: tuple[FileEntry, ...]
    first: int
    has_older: bool
    """Whether there are older files than these."""
    at_top: bool = False
    """Whether this is the newest page."""
    run: RunEntry | None = None
    """The run that stored the first file's rows, if it was read."""


def read_feed(console: Console, cursor: str = "", limit: int = PAGE) -> FeedPage:
    """Read one page; raises :class:`CursorError`."""
    start = _find_start(console, cursor, limit) if cursor else _newest_start(console)
    files = [entry for entry in start.files if entry.accepted_key and entry.accepted_rows]
    starts_there = bool(files) and files[0] is start.files[0]
    first, run = (start.first, start.run) if starts_there else (0, None)
    if files and first >= files[0].accepted_rows:
        files, first, run = files[1:], 0, None
    if not files:
        return _page_without_orders(start)
    groups = console.orders.list_newest(files, run=run, first=first, limit=limit)
    last = groups[-1]
    # Rows that cannot be read are skipped, or no page would lead beyond them.
    following = last.total if last.problem else last.following
    ends_here = following >= last.total and len(groups) == len(files) and not start.has_older
    return FeedPage(
        groups,
        older="" if ends_here else _Position.cursor(Direction.OLDER, last.entry, following),
        newer=_newer_cursor(start),
    )


def _page_without_orders(start: _Start) -> FeedPage:
    if not start.has_older:
        return FeedPage((), "", "")
    last = start.files[-1]
    older = _Position.cursor(Direction.OLDER, last, last.accepted_rows)
    return FeedPage((), older, _newer_cursor(start), searched_to=last.received_at)


def _newer_cursor(start: _Start) -> str:
    """Return the cursor of the next newer page: from the first file, even if it has no orders, or it would not move."""
    return "" if start.at_top else _Position.cursor(Direction.NEWER, start.files[0], start.first)


def feed_rows(console: Console, limit: int = 500) -> Iterator[Order | None]:
    """Yield all orders as they are stored now, the newest files first, read page by page; None after each read."""
    cursor = ""
    while True:
        page = read_feed(console, cursor, limit)
        groups = console.orders.compare_with_table(page.groups)
        yield None
        for group in groups:
            yield from group.orders
        cursor = page.older
        if not cursor:
            return


def _newest_start(console: Console) -> _Start:
    page = console.files.list_files(FileFilter(), limit=_MOST_FILES)
    return _Start(page.files, 0, bool(page.older), at_top=True)


def _find_start(console: Console, cursor: str, limit: int) -> _Start:
    """Find the start of a page, with all reads that it may need at the same time."""
    position = _Position.from_cursor(cursor)
    files, ledger = console.files, console.ledger
    goes_up = position.direction is Direction.NEWER and position.row < limit
    down, up = FileFilter(until=position.received_at), FileFilter(since=position.received_at)
    page_call = start_call(lambda: files.list_files(down, limit=_MOST_FILES))
    newer_call = start_call(lambda: files.list_files(up, from_oldest=True, limit=_MOST_FILES)) if goes_up else None
    # Offsets matter only after the first stride of rows, which is read from its beginning.
    runs_call = start_call(lambda: ledger.list_runs(position.file_id)) if position.row >= FIRST_STRIDE else None
    page = page_call.result()
    below = tuple(dropwhile(lambda entry: entry.file_id != position.file_id, page.files))
    if not below:
        raise CursorError(cursor)
    has_older = bool(page.older)
    if newer_call:
        before, first, at_top = _files_above(newer_call.result(), below, limit - position.row)
        return _Start((*before, *below), first, has_older, at_top)
    first = position.row - (limit if position.direction is Direction.NEWER else 0)
    return _Start(below, first, has_older, run=run_with_offsets(runs_call.result()) if runs_call else None)


def _files_above(upwards: FilePage, below: tuple[FileEntry, ...], missing: int) -> tuple[list[FileEntry], int, bool]:
    """Find the start of a page that holds so many orders above the files ``below``.

    Returns the newer files that belong to the page, the first row, and whether it is the newest page.
    """
    known = {entry.file_id for entry in below}  # A file received at the same moment may be on either side.
    above: list[FileEntry] = []
    first = 0
    for entry in reversed([entry for entry in upwards.files if entry.file_id not in known]):
        rows = entry.accepted_rows if entry.accepted_key else 0
        above.insert(0, entry)
        missing, first = missing - rows, max(0, rows - missing)
        if missing <= 0:
            return above, first, False
    return above, 0, not upwards.newer
