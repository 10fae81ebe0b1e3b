"""Orders as pieces of text, many at once: of their put requests in JSON, and of their lines of the enriched CSV. Pure.

Rows are written into a template that is cut from an order of ``processor.domain.orders``: the cells of plain rows as
they are, those of other rows escaped for JSON and CSV. The result is the same.
"""

from __future__ import annotations

import json
import re
from itertools import chain, cycle, islice
from typing import TYPE_CHECKING

from processor.domain.orders import CUSTOMER_SHARDS, EnrichedRow, normalised_name, put_request
from processor.storage.csv_writer import CsvLines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from processor.domain.orders import OrderMaker
    from processor.parsing.plain_rows import PlainRows

PUT_PIECES, LINE_PIECES = 13, 10
"""The number of pieces of each order, some of which may be empty."""
_MOST_REMEMBERED = 8_192
"""Names, and amounts: files repeat customers, quantities and prices."""
_ROWS_AHEAD = 1_000
_LAST_DIGITS = [b"%03d" % number for number in range(1000)]
_MARKS = EnrichedRow(*"\ue000\ue001\ue002\ue003\ue004\ue005\ue006\ue007")
_KEY_MARK = "\ue008"
_SECOND = len("2026-11-22T10:20:30.")
_MICROSECOND = slice(_SECOND, _SECOND + 6)


class Template:
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
        self._put = [a, b"", b, b"", c, b"", d, b"", b"", b"", between, b"", b""]
        self._line = [b"", b",", b"", b",", b"", b",", b"", b"", b"", b"\r\n"]
        self._amounts_in_request = b"%b".join(piece.replace(b"%", b"%%") for piece in (e, f, g, h))
        self._amounts = _Memo(self._amounts_of)
        self._csv = CsvLines()
        self._first = 0
        self._ahead: tuple[list[bytes], list[bytes], list[bytes]] = [], [], []
        """What depends only on a row's number, from ``_first`` on: the number, the sort key, the end of the request."""

    def write_rows(self, rows: PlainRows, puts: list[bytes], lines: list[bytes]) -> None:
        """Append the pieces of the rows' put requests and lines. There must be a row."""
        order_ids, customers, products, quantities, prices = rows.columns
        in_requests, in_lines = zip(*map(self._amounts.__getitem__, zip(quantities, prices, strict=True)), strict=True)
        numbers, keys, ends = self._prepared(rows.numbers)
        names = list(map(self._names.__getitem__, customers))
        pieces = self._put * len(numbers)
        for place, column in (1, order_ids), (3, keys), (5, customers), (7, products):
            pieces[place::PUT_PIECES] = column
        for place, column in (8, in_requests), (9, numbers), (11, names), (12, ends):
            pieces[place::PUT_PIECES] = column
        for at in rows.quoted:
            cells = slice(at * PUT_PIECES + 1, at * PUT_PIECES + 8, 2)
            pieces[cells] = [cell.replace(b'"', b'\\"') for cell in pieces[cells]]
        puts += pieces
        pieces = self._line * len(numbers)
        for place, column in (0, order_ids), (2, keys), (4, customers), (6, products), (7, in_lines), (8, numbers):
            pieces[place::LINE_PIECES] = column
        for at in rows.quoted:
            cells = slice(at * LINE_PIECES, at * LINE_PIECES + 7, 2)
            pieces[cells] = map(_csv_cell, pieces[cells])
        lines += pieces

    def write_row(self, number: int, row: EnrichedRow, puts: list[bytes], lines: list[bytes]) -> None:
        """Append the pieces of one row's put request and line, with cells of any text."""
        texts = [_json_text(text) for text in row]
        request = chain.from_iterable(zip(self._pieces, texts, strict=False))
        name, end = self._names[row.customer_name.encode()], self._ends[number % CUSTOMER_SHARDS]
        puts += (b"".join((*request, self._pieces[-1], name, end)), *[b""] * (PUT_PIECES - 1))
        lines += (self._csv.write_line(row), *[b""] * (LINE_PIECES - 1))

    def _prepared(self, numbers: Sequence[int]) -> Sequence[Sequence[bytes]]:
        """Return the columns that depend only on the rows' numbers, which ascend."""
        if numbers[0] < self._first or numbers[-1] >= self._first + len(self._ahead[0]):
            self._look_ahead(numbers[0], max(_ROWS_AHEAD, numbers[-1] - numbers[0] + 1))
        if isinstance(numbers, range):
            places = slice(numbers[0] - self._first, numbers[-1] - self._first + 1)
            return [column[places] for column in self._ahead]
        indexes = [number - self._first for number in numbers]
        return [[column[at] for at in indexes] for column in self._ahead]

    def _look_ahead(self, first: int, count: int) -> None:
        """Prepare many rows' numbers, sort keys and ends of request at once."""
        numbers = _consecutive_numbers(first, count, lambda thousands: b"%d" % thousands if thousands else None)
        shard = first % CUSTOMER_SHARDS
        ends = list(islice(cycle(self._ends), shard, shard + count))
        self._first, self._ahead = first, (numbers, self._sort_keys(first, count), ends)

    def _sort_keys(self, first: int, count: int) -> list[bytes]:
        """Return the sort keys of consecutive rows; within one second only their microseconds differ."""
        key = self._sort_key(first)
        microsecond = int(key[_MICROSECOND])
        if microsecond + count > 1_000_000:
            return [self._sort_key(number).encode() for number in range(first, first + count)]
        before, behind = key[:_SECOND], key[_MICROSECOND.stop :].encode()
        return _consecutive_numbers(microsecond, count, lambda head: f"{before}{head:03}".encode(), behind)

    def _amounts_of(self, cells: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        """Return a row's three amounts as its request and its line have them."""
        quantity, price = cells
        whole, point, places = price.partition(b".")
        # In whole numbers: as exact as Decimal, in the same notation, at a third of the cost.
        digits = b"%0*d" % (len(places) + 1, int(quantity) * int(whole + places))
        total = digits[: -len(places)] + point + digits[-len(places) :] if places else digits
        return self._amounts_in_request % (quantity, price, total), b",%b,%b,%b," % (quantity, price, total)


def _consecutive_numbers(
    first: int, count: int, leading: Callable[[int], bytes | None], behind: bytes = b""
) -> list[bytes]:
    """Write consecutive numbers; ``leading`` writes the thousands, or returns None to leave out leading zeros."""
    numbers: list[bytes] = []
    while len(numbers) < count:
        thousands, rest = divmod(first + len(numbers), 1000)
        last_digits = _LAST_DIGITS[rest : rest + count - len(numbers)]
        before = leading(thousands)
        if before is None:
            numbers += [digits.lstrip(b"0") + behind for digits in last_digits]
        else:
            numbers += [before + digits + behind for digits in last_digits]
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
    """Write the cell of a plain row as CSV."""
    return b'"%b"' % cell.replace(b'"', b'""') if b"," in cell or b'"' in cell else cell


def _json_text(text: str) -> bytes:
    """Write text as the inside of a JSON string."""
    return _json(text)[1:-1]


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _json(value: object) -> bytes:
    return _encode(value).encode()
