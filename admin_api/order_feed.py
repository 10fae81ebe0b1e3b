"""All orders, the newest first: the newest files, and each file's orders in the order of its rows, page by page.

A position is a file and a row of it, so that pages stay where they are while files arrive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from processor.accepted import run_of_rows
from processor.cursors import CursorError, pack, unpack
from processor.listing import FileFilter, behind
from processor.lookup import PAGE
from processor.orders import Order
from processor.outputs import FIRST_STRIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_api.services import Console
    from processor.entries import FileEntry
    from processor.lookup import FileOrders

_OLDER, _NEWER = "older", "newer"
_MOST_FILES = 50


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Orders by file, the newest file first, with the cursors of the pages around them ("" where there is none)."""

    groups: tuple[FileOrders, ...]
    older: str
    newer: str
    searched_to: str = ""
    """Set where no file came past with an order, and there are older files: when the last of them was received."""


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a page begins: before which row of which file, with the files from there on."""

    files: tuple[FileEntry, ...]
    first: int
    older: str
    """The list's cursor behind these files."""
    at_top: bool = False
    """Whether nothing newer is known."""


def read_feed(console: Console, cursor: str = "", limit: int = PAGE) -> FeedPage:
    """Read one page; raises :class:`CursorError`."""
    start = _start(console, cursor, limit)
    files = [entry for entry in start.files if entry.accepted_key and entry.accepted_rows]
    first = start.first if files and files[0] is start.files[0] else 0
    if files and first >= files[0].accepted_rows:
        files, first = files[1:], 0
    if not files:
        return _nothing_yet(start)
    # Offsets matter only behind the first stretch of rows, which is read from its beginning.
    run = run_of_rows(console.ledger.runs(files[0].file_id)) if first >= FIRST_STRIDE else None
    groups = console.orders.newest(files, run=run, first=first, limit=limit)
    last = groups[-1]
    # What cannot be read is passed by, or no page would lead beyond it.
    following = last.total if last.problem else max(last.following, last.first + 1)
    ends_here = following >= last.total and len(groups) == len(files) and not start.older
    return FeedPage(
        groups,
        older="" if ends_here else pack(_OLDER, last.entry.file_id, str(following)),
        newer="" if start.at_top else pack(_NEWER, files[0].file_id, str(first)),
    )


def _nothing_yet(start: _Start) -> FeedPage:
    if not start.older:
        return FeedPage((), "", "")
    last = start.files[-1]
    return FeedPage((), pack(_OLDER, last.file_id, str(last.accepted_rows)), "", searched_to=last.received_at)


def feed_rows(console: Console, limit: int = 500) -> Iterator[Order]:
    """Yield all orders, the newest files first, asking for the next page when it is needed."""
    cursor = ""
    while True:
        page = read_feed(console, cursor, limit)
        for group in page.groups:
            yield from group.orders
        cursor = page.older
        if not cursor:
            return


def _start(console: Console, cursor: str, limit: int) -> _Start:
    if not cursor:
        page = console.files.page(FileFilter(), limit=_MOST_FILES)
        return _Start(page.files, 0, page.older, at_top=True)
    direction, file_id, row = unpack(cursor, 3)
    entry = console.ledger.read(file_id)
    if direction not in {_OLDER, _NEWER} or not row.isascii() or not row.isdigit() or len(row) > 12 or entry is None:
        raise CursorError(cursor)
    page = console.files.page(FileFilter(), cursor=behind(entry), limit=_MOST_FILES)
    if direction == _OLDER:
        return _Start((entry, *page.files), int(row), page.older)
    before, first, at_top = _way_up(console, entry, int(row), limit)
    return _Start((*before, entry, *page.files), first, page.older, at_top)


def _way_up(console: Console, entry: FileEntry, row: int, limit: int) -> tuple[list[FileEntry], int, bool]:
    """Find where the page begins that ends before a row: so many orders further up, in newer files if need be.

    Returns the newer files that belong to it, the first row, and whether it is the newest page.
    """
    if row >= limit:
        return [], row - limit, False
    found = console.files.page(FileFilter(since=entry.received_at), from_oldest=True, limit=_MOST_FILES)
    above: list[FileEntry] = []
    missing, first = limit - row, 0
    for newer in reversed([each for each in found.files if each.file_id != entry.file_id]):
        rows = newer.accepted_rows if newer.accepted_key else 0
        above.insert(0, newer)
        missing, first = missing - rows, max(0, rows - missing)
        if missing <= 0:
            return above, first, False
    return above, 0, not found.newer
