"""Compares the orders of a file with those that earlier files have stored, for a person who has to decide.

Order ids were found to be shared by their hashes; here the orders themselves are read, so that no file is held for a
hash that two ids have in common. What is found lies beside the held original, as JSON.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, cast

from processor.domain import object_keys
from processor.domain.columns import NAMES, ORDER_ID, read_cells
from processor.domain.errors import ObjectGoneError
from processor.domain.holds import SameOrdersFound
from processor.domain.object_keys import ObjectVersion
from processor.domain.orders import line_total
from processor.observability.telemetry import logger, span
from processor.parsing.plain_rows import PlainRows
from processor.pipeline.deadline import Deadline
from processor.storage.range_reader import split_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from processor.domain.entries import FileEntry
    from processor.parsing.whole_file import Reading
    from processor.pipeline.loader import Source
    from processor.pipeline.run import Run
    from processor.pipeline.store_rows import Rows
    from processor.storage.objects import ObjectFacts

_MOST_BYTES_READ = 256 * 1024 * 1024
"""Of the accepted rows of all earlier files together. Beyond that orders are taken for shared as their hashes say."""
_MOST_NAMED = 50
"""Earlier files that the ledger names."""
_MOST_SHOWN = 50
"""Changed orders that are laid side by side."""
_MOST_ROWS_SHOWN = 20


class Line(NamedTuple):
    """A row of an order, in the texts of its cells."""

    row_number: int
    customer_name: str
    product_name: str
    quantity: str
    unit_price: str
    line_total: str

    @property
    def value(self) -> tuple[str, str, int, Decimal]:
        """What makes two lines equal: 1.5 is 1.50."""
        return self.customer_name, self.product_name, int(self.quantity), Decimal(self.unit_price)


type Lines = dict[str, list[Line]]
"""The lines of each order id."""


class EarlierFile(NamedTuple):
    """A file that has stored some of the orders."""

    entry: FileEntry
    orders: int
    """How many of them; an estimate if a file has more than are compared one by one."""
    order_ids: Collection[str]
    """Those of them that are compared."""
    lines: Lines | None = None
    """Its lines of them; None if they were not read."""


def look_up_orders(run: Run, found: Sequence[EarlierFile]) -> tuple[EarlierFile, ...]:
    """Read the orders of the earlier files, and leave out those that have none of the same.

    An order that a later file has replaced is that one's.
    """
    looked_up, room = [], _MOST_BYTES_READ
    with span("compare orders"):
        for earlier in found:
            facts = _accepted_rows_of(run, earlier.entry)
            lines = None
            if facts and facts.size_bytes <= room:
                room -= facts.size_bytes
                lines = _stored_lines(run, earlier, facts)
            if lines is None or lines:
                looked_up.append(earlier._replace(lines=lines))
    return tuple(looked_up)


def _accepted_rows_of(run: Run, entry: FileEntry) -> ObjectFacts | None:
    """Look at a file's accepted rows; None if it has none, or no longer."""
    with suppress(ObjectGoneError):
        if entry.accepted_key:
            return run.services.objects.read_facts(ObjectVersion(entry.bucket, entry.accepted_key))
    return None


def _stored_lines(run: Run, earlier: EarlierFile, facts: ObjectFacts) -> Lines | None:
    """Read an earlier file's lines of some orders from its accepted rows; None if they cannot be read."""
    try:
        cells = csv.reader(split_text(run.services.objects.read_blocks(facts)), strict=True)
        return _collect(_accepted(cells), set(earlier.order_ids))
    except (ObjectGoneError, ValueError, csv.Error) as error:
        logger.warning("earlier_orders_not_read", extra={"earlier_file": earlier.entry.file_id, "error": str(error)})
        return None


def _accepted(rows: Iterable[list[str]]) -> Iterator[tuple[str, Line]]:
    next(iter(rows), None)  # The header.
    for order_id, _, customer, product, quantity, unit_price, total, number in rows:
        yield order_id, Line(int(number), customer, product, quantity, unit_price, total)


def _own_lines(source: Source, reading: Reading, order_ids: Collection[str]) -> Lines:
    """Read this file's lines of some orders."""
    wanted = set(order_ids)
    rows = source.open_rows(reading, Deadline(source.run.invocation))
    return _collect(_valid_rows(rows, {order_id.encode() for order_id in wanted}), wanted)


def _valid_rows(rows: Rows, wanted: set[bytes]) -> Iterator[tuple[str, Line]]:
    """Yield the valid rows that may be of the orders ``wanted``, with their order ids."""
    order_id_at = NAMES.index(ORDER_ID)
    for chunk in rows.chunks():
        if isinstance(chunk, PlainRows):
            for at, order_id in enumerate(chunk.columns[order_id_at]):
                if order_id in wanted:
                    yield from _valid_row(chunk.numbers[at], [column[at].decode() for column in chunk.columns])
        elif not chunk[2]:
            yield from _valid_row(chunk[0], chunk[1])


def _valid_row(number: int, cells: Sequence[str]) -> Iterator[tuple[str, Line]]:
    values, problems = read_cells(cells)
    if not problems:
        order_id, customer, product, quantity, unit_price = cast("tuple[str, str, str, int, Decimal]", values)
        total = line_total(quantity, unit_price)
        yield order_id, Line(number, customer, product, str(quantity), str(unit_price), total)


def _collect(rows: Iterable[tuple[str, Line]], order_ids: set[str]) -> Lines:
    lines: Lines = {}
    for order_id, line in rows:
        if order_id in order_ids:
            lines.setdefault(order_id, []).append(line)
    return lines


def describe_same_orders(source: Source, reading: Reading, stored: Sequence[EarlierFile]) -> SameOrdersFound:
    """Count what is the same and what is changed, and write the comparison beside the held original."""
    run, orders = source.run, reading.orders
    first_with: dict[str, EarlierFile] = {}
    for earlier in sorted(stored, key=lambda each: each.entry.arrival_order, reverse=True):
        for order_id in earlier.lines if earlier.lines is not None else earlier.order_ids:
            first_with.setdefault(order_id, earlier)
    own = _own_lines(source, reading, first_with)
    changed = [
        order_id
        for order_id, earlier in first_with.items()
        if earlier.lines is not None and not _are_same(own.get(order_id, []), earlier.lines[order_id])
    ]
    is_exact = orders.is_exact and all(each.lines is not None or each.orders == len(each.order_ids) for each in stored)
    # Beyond the sample the orders are taken to be like those in it.
    known = len(first_with) if is_exact else min(orders.count, sum(each.orders for each in stored))
    share_changed = len(changed) / len(first_with) if first_with else 0
    changed_count = len(changed) if is_exact else round(known * share_changed)
    found = SameOrdersFound(
        orders.count,
        known,
        known - changed_count,
        changed_count,
        tuple(each.entry.file_id for each in sorted(stored, key=lambda each: -each.orders)[:_MOST_NAMED]),
        is_exact,
    )
    _write(
        run, found, stored, [_side_by_side(order_id, first_with[order_id], own) for order_id in changed[:_MOST_SHOWN]]
    )
    return found


def _are_same(own: Sequence[Line], earlier: Sequence[Line]) -> bool:
    return Counter(line.value for line in own) == Counter(line.value for line in earlier)


def _side_by_side(order_id: str, earlier: EarlierFile, own: Lines) -> dict[str, object]:
    before, now = (earlier.lines or {}).get(order_id, []), own.get(order_id, [])
    return {
        "order_id": order_id,
        "file_id": earlier.entry.file_id,
        "before": [line._asdict() for line in before[:_MOST_ROWS_SHOWN]],
        "now": [line._asdict() for line in now[:_MOST_ROWS_SHOWN]],
    }


def _write(
    run: Run, found: SameOrdersFound, stored: Sequence[EarlierFile], changed_orders: list[dict[str, object]]
) -> None:
    entry = run.entry
    files = [
        {
            "file_id": each.entry.file_id,
            "name": each.entry.name,
            "orders": len(each.lines) if found.is_exact and each.lines is not None else each.orders,
            "settled_at": each.entry.settled_at,
        }
        for each in stored
    ]
    document = found.to_item() | {"files": files, "changed_orders": changed_orders}
    key = object_keys.comparison_key(entry.base, entry.file_id, entry.name)
    run.services.objects.put_object(entry.bucket, key, json.dumps(document).encode(), "application/json")
