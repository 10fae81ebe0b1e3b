"""What a person needs to decide about a held file: the orders that came before, the totals, the last row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.pages.announced import AnnouncedFigure, announced_figures
from admin_api.pages.files.comparison import Comparison, ComparisonError, read_comparison
from admin_api.pages.parts import PagePart, start_part
from processor.domain.errors import ObjectGoneError
from processor.domain.file_states import FileState
from processor.domain.holds import HoldCause, SameOrdersFound
from processor.domain.object_keys import comparison_key, is_gzipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry

_TAIL_BYTES = 4_096
_LONGEST_ROW = 600
_COMPARISON_GONE = (
    "The changed orders cannot be shown: their comparison is no longer in failed-data/. The counts above stay true of "
    "the moment at which the file was held."
)


@dataclass(frozen=True, slots=True)
class EarlierFile:
    """An earlier file with some of the orders, as it is now."""

    file_id: str
    entry: FileEntry | None
    """None if the ledger no longer knows it."""
    orders: int | None
    """How many of the held file's orders it has brought; None if that is not known."""
    is_newer: bool
    """Whether it arrived after the held file, which can therefore not replace it."""

    @property
    def now(self) -> str:
        """What is stored of it now."""
        entry = self.entry
        if entry is None:
            return "no longer in the ledger"
        if entry.taking_back:
            return "its orders are being taken back"
        if not entry.has_orders:
            return "none of its orders is stored any more" if entry.accepted_rows else "no orders stored"
        stored = entry.accepted_rows - entry.replaced_rows
        return f"{stored:,} order{'s' * (stored != 1)} stored"


@dataclass(frozen=True, slots=True)
class HeldFile:
    """The facts beside the buttons."""

    cause: str
    found: SameOrdersFound | None
    earlier: tuple[EarlierFile, ...]
    comparison: PagePart[Comparison]
    last_row: PagePart[str]
    figures: tuple[AnnouncedFigure, ...]

    @property
    def has_newer(self) -> bool:
        """Whether a newer file has brought some of the orders, so that this one must not replace them."""
        return any(each.is_newer for each in self.earlier)

    @property
    def first(self) -> FileEntry | None:
        """The earlier file with the most of the orders."""
        return self.earlier[0].entry if self.earlier else None


def read_held(console: Console, entry: FileEntry, others: Mapping[str, FileEntry]) -> HeldFile | None:
    """Gather what a decision needs; None for a file that is not held."""
    if entry.state is not FileState.HELD:
        return None
    found = entry.same_orders_found
    comparison: PagePart[Comparison] = _comparison(console, entry) if found else PagePart(None)
    by_file = comparison.value.orders_by_file if comparison.value else {}
    return HeldFile(
        cause=entry.cause,
        found=found,
        earlier=tuple(_earlier(entry, each, others, by_file) for each in (found.files if found else ())),
        comparison=comparison,
        last_row=_last_row(console, entry) if entry.cause == HoldCause.CUT_OFF else PagePart(None),
        figures=announced_figures(entry),
    )


def _earlier(
    entry: FileEntry, file_id: str, others: Mapping[str, FileEntry], by_file: Mapping[str, int]
) -> EarlierFile:
    other = others.get(file_id)
    is_newer = other is not None and other.has_orders and other.arrival_order > entry.arrival_order
    return EarlierFile(file_id, other, by_file.get(file_id), is_newer)


def _comparison(console: Console, entry: FileEntry) -> PagePart[Comparison]:
    key, objects = comparison_key(entry.base, entry.file_id, entry.name), console.objects
    part = start_part("S3", lambda: objects.read_object(entry.bucket, key)).result()
    if part.problem:
        return PagePart(None, part.problem)
    try:
        return PagePart(read_comparison(part.value or b""))
    except ComparisonError:
        return PagePart(None, _COMPARISON_GONE)


def _last_row(console: Console, entry: FileEntry) -> PagePart[str]:
    """Read the last row of the original, as far as it fits a page."""
    if is_gzipped(entry.name):
        return PagePart(None, "The file is compressed, so its last row is not shown: download the original.")
    objects, start = console.objects, max(0, entry.size_bytes - _TAIL_BYTES)

    def read() -> bytes:
        return b"".join(objects.read_stretch(entry.original, start, entry.size_bytes))

    try:
        part = start_part("S3", read).result()
    except ObjectGoneError:
        return PagePart(None, "The original is no longer in the bucket.")
    return part.then(lambda tail: _cut(tail.decode(entry.encoding or "utf-8", errors="replace")))


def _cut(text: str) -> str:
    row = text.rstrip("\r\n").replace("\r", "\n").rpartition("\n")[2]
    return row if len(row) <= _LONGEST_ROW else f"…{row[-_LONGEST_ROW:]}"
