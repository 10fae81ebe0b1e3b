"""Orders: the keys of an accepted row, its item in attribute values, its cells in the enriched CSV. Pure.

All of it follows from the file's ledger entry and the row, so that a second run of a file writes the same items.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from processor.domain.entries import TIE_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from processor.domain.columns import Value
    from processor.domain.entries import FileEntry

BY_CUSTOMER = "by_customer"
"""The index by customer and time. It costs one more write a row, so that a deployment can leave it out."""

CUSTOMER_SHARDS = 4
"""Rows of one customer are spread, since an index partition takes 1,000 writes a second."""

_LONGEST_CUSTOMER_KEY = 200  # Characters. NFKC expands one to up to 18; a partition key has 2,048 bytes.


class EnrichedRow(NamedTuple):
    """The cells of an accepted row in the enriched CSV."""

    order_id: str
    processed_timestamp: str
    customer_name: str
    product_name: str
    quantity: str
    unit_price: str
    line_total: str
    row_number: str


ENRICHED_HEADER = EnrichedRow._fields

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

type Item = dict[str, dict[str, str]]


def customer_key(customer_name: str, row_number: int) -> str:
    """Build the index's partition key: the normalised name and a shard."""
    return f"{normalised_name(customer_name)}#{row_number % CUSTOMER_SHARDS}"


def normalised_name(customer_name: str) -> str:
    """Return the name without case, width and spacing differences."""
    normalised = " ".join(unicodedata.normalize("NFKC", customer_name).casefold().split())
    return normalised[:_LONGEST_CUSTOMER_KEY]


def line_total(quantity: int, unit_price: Decimal) -> str:
    """Multiply exactly: seven digits times eleven fit into Decimal's 28."""
    return str(quantity * unit_price)


def sort_keys_of(entry: FileEntry) -> Callable[[int], str]:
    """Return the function from the number of a file's row to its ``processed_timestamp``."""
    return sort_keys(entry.base, entry.file_id, entry.tie_digits)


def sort_keys(base: datetime, file_id: str, tie_digits: int = TIE_DIGITS) -> Callable[[int], str]:
    """Return the function from row number to ``processed_timestamp``.

    ISO 8601 in UTC: the base timestamp plus the row number in microseconds, then digits from the file id, as two files
    may begin in one microsecond. Unique within the file, in row order, equal at every run.
    """
    # In integers: a float timestamp does not tell microseconds apart.
    base_us = (base - _EPOCH) // timedelta(microseconds=1)
    suffix = f"{int(file_id, 16) % 10**tie_digits:0{tie_digits}}Z"
    known_second, prefix = -1, ""

    def sort_key(row_number: int) -> str:
        nonlocal known_second, prefix
        second, microsecond = divmod(base_us + row_number, 1_000_000)
        if second != known_second:
            known_second, prefix = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        return f"{prefix}{microsecond:06}{suffix}"

    return sort_key


class OrderMaker:
    """Makes the orders of one run."""

    @classmethod
    def of(cls, entry: FileEntry, trace_id: str, indexes: Collection[str]) -> Self:
        """Make the orders of the file's newest run."""
        return cls(entry.base, entry.file_id, entry.run_id, trace_id, indexes, entry.tie_digits)

    def __init__(
        self,
        base: datetime,
        file_id: str,
        run_id: str,
        trace_id: str,
        indexes: Collection[str],
        tie_digits: int = TIE_DIGITS,
    ) -> None:
        self.sort_key = sort_keys(base, file_id, tie_digits)
        self.by_customer = BY_CUSTOMER in indexes
        """Whether orders carry the key of the index by customer."""
        self._constant: Item = {"file_id": {"S": file_id}, "run_id": {"S": run_id}}
        if trace_id:
            self._constant["trace_id"] = {"S": trace_id}

    def enrich(self, row_number: int, values: Sequence[Value]) -> EnrichedRow:
        """Return the cells of the enriched CSV for one accepted row."""
        order_id, customer, product, quantity, unit_price = cast("tuple[str, str, str, int, Decimal]", values)
        return EnrichedRow(
            order_id,
            self.sort_key(row_number),
            customer,
            product,
            str(quantity),
            str(unit_price),
            line_total(quantity, unit_price),
            str(row_number),
        )

    def lay_out(self, row: EnrichedRow, key: str) -> Item:
        """Lay an order out as an item; ``key`` is for the index by customer, if there is one."""
        item: Item = {
            "order_id": {"S": row.order_id},
            "processed_timestamp": {"S": row.processed_timestamp},
            "customer_name": {"S": row.customer_name},
            "product_name": {"S": row.product_name},
            "quantity": {"N": row.quantity},
            "unit_price": {"N": row.unit_price},
            "line_total": {"N": row.line_total},
            "row_number": {"N": row.row_number},
            **self._constant,
        }
        if self.by_customer:
            item["customer_key"] = {"S": key}
        return item


class Order(NamedTuple):
    """One line of an order, as it is read back; "" and 0 stand for attributes that a foreign item lacks."""

    order_id: str
    processed_timestamp: str
    customer_name: str
    product_name: str
    quantity: int
    unit_price: Decimal
    line_total: Decimal
    file_id: str
    row_number: int
    run_id: str = ""
    trace_id: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """The item's key: partition and sort key."""
        return self.order_id, self.processed_timestamp

    @classmethod
    def from_item(cls, item: Item) -> Order:
        """Read an item of the orders table, in attribute values."""

        def text(name: str) -> str:
            return item.get(name, {}).get("S", "")

        def number(name: str) -> Decimal:
            return Decimal(item.get(name, {}).get("N", "0"))

        return cls(
            order_id=text("order_id"),
            processed_timestamp=text("processed_timestamp"),
            customer_name=text("customer_name"),
            product_name=text("product_name"),
            quantity=int(number("quantity")),
            unit_price=number("unit_price"),
            line_total=number("line_total"),
            file_id=text("file_id"),
            row_number=int(number("row_number")),
            run_id=text("run_id"),
            trace_id=text("trace_id"),
        )

    @classmethod
    def from_cells(cls, cells: Sequence[str], file_id: str) -> Order:
        """Read a line of the enriched CSV, which has neither run nor trace; raises ValueError for anything else."""
        order_id, sort_key, customer, product, quantity, unit_price, line_total, row_number = cells
        try:
            price, total = Decimal(unit_price), Decimal(line_total)
        except ArithmeticError as error:
            raise ValueError(unit_price, line_total) from error
        return cls(
            order_id,
            sort_key,
            customer,
            product,
            int(quantity),
            price,
            total,
            file_id=file_id,
            row_number=int(row_number),
        )


def put_request(item: Item) -> dict[str, Any]:
    """Wrap an item for BatchWriteItem."""
    return {"PutRequest": {"Item": item}}
