"""Batches of orders: their put requests as JSON, and their lines of the enriched CSV. Pure.

Rows are written into a template that is cut from an order of ``processor.domain.orders``: the cells of plain rows as
they are, those of other rows escaped for JSON and CSV. The result is the same.
"""

from __future__ import annotations

import json
import re
from itertools import cycle, islice
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.orders import CUSTOMER_SHARDS, EnrichedRow, normalised_name, put_request
from processor.storage.csv_writer import CsvLines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from processor.domain.columns import Value
    from processor.domain.orders import OrderMaker
    from processor.parsing.reader import PlainRows

BATCH_ITEMS = 25
"""BatchWriteItem's limit: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
_MOST_REMEMBERED = 8_192
"""Names, and amounts: files repeat customers, quantities and prices."""
_ROWS_AHEAD = 1_000
_LAST_DIGITS = [b"%03d" % number for number in range(1000)]
_MARKS = EnrichedRow(*"\ue000\ue001\ue002\ue003\ue004\ue005\ue006\ue007")
_KEY_MARK = "\ue008"
_SECOND = len("2026-11-22T10:20:30.")
_MICROSECOND = slice(_SECOND, _SECOND + 6)


class Batch(NamedTuple):
    """Up to :data:`BATCH_ITEMS` orders whose keys differ."""

    puts: bytes
    """Their put requests, as the elements of a JSON array without its brackets."""
    lines: bytes
    """Their lines of the enriched CSV, each with its line end."""
    rows: int


class Batcher:
    """Fills batches with the orders of one run, in row order."""

    def __init__(self, maker: OrderMaker) -> None:
        self._maker = maker
        self._template = _Template(maker)
        self._puts: list[bytes] = []
        self._lines: list[bytes] = []
        self._rows = 0
        self._csv = CsvLines()

    def add_rows(self, chunk: PlainRows) -> Iterator[Batch]:
        """Add plain rows; yields each batch that is full."""
        at = 0
        while at < len(chunk.rows):
            some = chunk.rows[at : at + BATCH_ITEMS - self._rows]
            count = self._template.write_rows(chunk.first + at, some, self._puts, self._lines, quoted=chunk.quoted)
            at += count
            self._rows += count
            if self._rows == BATCH_ITEMS:
                yield from self.take()

    def add(self, row_number: int, values: Sequence[Value]) -> Iterator[Batch]:
        """Add the order of one row's values; yields the batch if it is full."""
        row = self._maker.enrich(row_number, values)
        self._template.write_row(row_number, row, self._puts)
        self._lines.append(self._csv.write_line(row))
        self._rows += 1
        if self._rows == BATCH_ITEMS:
            yield from self.take()

    def take(self) -> Iterator[Batch]:
        """Yield the orders since the last batch, if there are any."""
        if self._rows:
            # Each request begins with a comma.
            yield Batch(b"".join(self._puts)[1:], b"".join(self._lines), self._rows)
            self._puts.clear()
            self._lines.clear()
            self._rows = 0


class _Template:
    """Writes orders from the pieces of one that was laid out once."""

    def __init__(self, maker: OrderMaker) -> None:
        self._sort_key = maker.sort_key
        request = _json(put_request(maker.lay_out(_MARKS, _KEY_MARK))).decode()
        marks = "".join(_MARKS) + _KEY_MARK * maker.by_customer
        if "".join(re.findall(f"[{marks}]", request)) != marks:
            raise ValueError("an order is laid out in another order than its enriched line")
        pieces = [piece.encode() for piece in re.split(f"[{marks}]", "," + request)]
        self._pieces, rest = pieces[: len(_MARKS)], pieces[len(_MARKS) :]
        if maker.by_customer:
            self._pieces.append(rest[0])
            self._ends = [b"#%d%b" % (shard, rest[1]) for shard in range(CUSTOMER_SHARDS)]
            self._names = _Memo(_normalised)
        else:
            self._pieces.append(b"")
            self._ends = [rest[0]] * CUSTOMER_SHARDS
            self._names = _Memo(lambda _name: b"")
        a, b, c, d, e, f, g, h, between = self._pieces
        self._around = a, b, c, d, between
        self._amounts_in_request = b"%b".join(piece.replace(b"%", b"%%") for piece in (e, f, g, h))
        self._amounts = _Memo(self._amounts_of)
        self._first = 0
        self._ahead: list[tuple[bytes, bytes, bytes, bytes]] = []
        """For each row from ``_first`` on, what depends only on its number."""

    def write_rows(
        self, first: int, rows: Sequence[tuple[bytes, ...]], puts: list[bytes], lines: list[bytes], *, quoted: bool
    ) -> int:
        """Append the pieces of the rows' put requests, and their lines; returns the number of rows written.

        ``quoted`` says that cells may have commas, and then need quotes in the line.
        """
        a, b, c, d, between = self._around
        names, amounts = self._names, self._amounts
        at = first - self._first
        if not 0 <= at < len(self._ahead):
            self._look_ahead(first)
            at = 0
        # Fewer numbers may be prepared than there are rows: the caller comes again with the rest.
        prepared = self._ahead[at : at + len(rows)]
        for (number, key, last, end), (order_id, customer, product, quantity, price) in zip(
            prepared, rows, strict=False
        ):
            numbers, cells = amounts[quantity, price]
            puts += (a, order_id, b, key, c, customer, d, product, numbers, number, between, names[customer], end)
            if quoted:
                order_id, customer, product = _csv_cell(order_id), _csv_cell(customer), _csv_cell(product)  # noqa: PLW2901
            lines.append(b",".join((order_id, key, customer, product, cells, last)))
        return len(prepared)

    def write_row(self, number: int, row: EnrichedRow, puts: list[bytes]) -> None:
        """Append the pieces of one row's put request, with cells of any text."""
        a, b, c, d, e, f, g, h, between = self._pieces
        timed = (b, row.processed_timestamp.encode(), c)
        amounts = (e, row.quantity.encode(), f, row.unit_price.encode(), g, row.line_total.encode(), h)
        customer, shard = row.customer_name, number % CUSTOMER_SHARDS
        last = (row.row_number.encode(), between, self._names[customer.encode()], self._ends[shard])
        puts += (
            a,
            _json_text(row.order_id),
            *timed,
            _json_text(customer),
            d,
            _json_text(row.product_name),
            *amounts,
            *last,
        )

    def _look_ahead(self, first: int) -> None:
        """Prepare many rows' numbers, sort keys, ends of line and ends of request at once."""
        numbers = _consecutive_numbers(first, lambda thousands: b"%d" % thousands if thousands else None)
        ends = islice(cycle(self._ends), first % CUSTOMER_SHARDS, None)
        lasts = [number + b"\r\n" for number in numbers]
        self._first, self._ahead = first, list(zip(numbers, self._sort_keys(first), lasts, ends, strict=False))

    def _sort_keys(self, first: int) -> list[bytes]:
        """Return the sort keys of consecutive rows; within one second only their microseconds differ."""
        key = self._sort_key(first)
        microsecond = int(key[_MICROSECOND])
        if microsecond + _ROWS_AHEAD > 1_000_000:
            return [self._sort_key(number).encode() for number in range(first, first + _ROWS_AHEAD)]
        before, behind = key[:_SECOND], key[_MICROSECOND.stop :].encode()
        return [
            moment + behind for moment in _consecutive_numbers(microsecond, lambda head: f"{before}{head:03}".encode())
        ]

    def _amounts_of(self, cells: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """Return a row's three amounts as its request and its line have them."""
        quantity, price = cells
        whole, point, places = price.partition(b".")
        # In whole numbers: as exact as Decimal, in the same notation, at a third of the cost.
        digits = b"%0*d" % (len(places) + 1, int(quantity) * int(whole + places))
        total = digits[: -len(places)] + point + digits[-len(places) :] if places else digits
        return self._amounts_in_request % (quantity, price, total), b"%b,%b,%b" % (quantity, price, total)


def _consecutive_numbers(first: int, leading: Callable[[int], bytes | None]) -> list[bytes]:
    """Write consecutive numbers; ``leading`` writes the thousands, or returns None to leave out leading zeros."""
    numbers: list[bytes] = []
    while len(numbers) < _ROWS_AHEAD:
        thousands, rest = divmod(first + len(numbers), 1000)
        last_digits = _LAST_DIGITS[rest : rest + _ROWS_AHEAD - len(numbers)]
        before = leading(thousands)
        numbers += [digits.lstrip(b"0") if before is None else before + digits for digits in last_digits]
    return numbers


class _Memo[Key, Value](dict[Key, Value]):
    """Computed values by key, up to a bound."""

    def __init__(self, compute: Callable[[Key], Value]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, key: Key) -> Value:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        value = self[key] = self._compute(key)
        return value


def _normalised(customer_name: bytes) -> bytes:
    # Normalising may produce characters that JSON escapes: U+FF02 becomes a quote.
    return _json_text(normalised_name(customer_name.decode()))


def _csv_cell(cell: bytes) -> bytes:
    """Write a cell that has no quotes in it as CSV."""
    return b'"%b"' % cell if b"," in cell else cell


def _json_text(text: str) -> bytes:
    """Write text as the inside of a JSON string."""
    return _json(text)[1:-1]


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _json(value: object) -> bytes:
    return _encode(value).encode()
