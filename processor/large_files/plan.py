"""The working objects of a file that is read in ranges: its plan and the results of its ranges. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Self

from processor.domain.holds import Reject
from processor.domain.order_sample import HASHES, OrderSample
from processor.large_files.splitting import Range, Split
from processor.observability.cost import Usage
from processor.parsing.decoding import ContentCheck
from processor.parsing.other_lines import OtherLines
from processor.parsing.rejected_orders import RejectedOrders
from processor.parsing.whole_file import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Folder:
    """The keys of the working objects. The folder's name holds whatever the results depend on, apart from the code.

    So a run may use what an earlier one has left there: it would write the same.
    """

    prefix: str

    @classmethod
    def of(cls, prefix: str, *circumstances: object) -> Self:
        """Name the folder under ``prefix`` for these circumstances."""
        return cls(f"{prefix}{hashlib.sha256(repr(circumstances).encode()).hexdigest()[:12]}/")

    @property
    def plan(self) -> str:
        """The plan: written after the manifest, so where it is, both are."""
        return f"{self.prefix}plan.json"

    @property
    def manifest(self) -> str:
        """The ranges, one item each, as the state machine reads them."""
        return f"{self.prefix}manifest.json"

    @property
    def rejected_orders(self) -> str:
        """The orders that are laid aside whole, if there are any: written before the plan."""
        return f"{self.prefix}rejected-orders"

    def accepted(self, number: int) -> str:
        """Name the accepted rows of a range, without a header."""
        return f"{self.prefix}{number:05}.accepted.csv"

    def rejected(self, number: int) -> str:
        """Name the rejected rows of a range, without a header."""
        return f"{self.prefix}{number:05}.rejected.csv"

    def result(self, number: int) -> str:
        """Name the range's result: written last, so where it is, the range is done."""
        return f"{self.prefix}{number:05}.json"

    def keys(self, plan: Plan) -> list[str]:
        """List every key that there may be, the plan last: deleting in this order is resumable."""
        names = (self.accepted, self.rejected, self.result)
        parts = [name(each.number) for each in plan.split.ranges for name in names]
        return [*parts, *([self.rejected_orders] if plan.has_rejected_orders else ()), self.manifest, self.plan]


@dataclass(frozen=True, slots=True)
class Plan:
    """A file's split, and the usage of splitting it."""

    split: Split
    usage: Usage
    has_rejected_orders: bool = False
    """Whether orders are laid aside whole; which ones, lies in an object of its own."""

    @classmethod
    def of(cls, split: Split, usage: Usage) -> Self:
        """Make the plan."""
        return cls(split, usage, bool(split.reading.rejected_orders))

    def to_json(self) -> bytes:
        """Write the plan down, without the rejected orders."""
        document = {
            "reading": _to_document(self.split.reading),
            "header_bytes": self.split.header_bytes,
            "ranges": [asdict(each) for each in self.split.ranges],
            "usage": asdict(self.usage),
            "has_rejected_orders": self.has_rejected_orders,
        }
        return json.dumps(document, default=str).encode()

    def manifest(self) -> bytes:
        """Write down the ranges, one item each."""
        return json.dumps([asdict(each) for each in self.split.ranges]).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read what :meth:`to_json` wrote, or what an earlier release wrote while a file was under way.

        The reading has no rejected orders then: only the ranges need them.
        """
        document = json.loads(text)
        split = document.get("split", document)
        reading = split.get("reading") or {**_READ_BEFORE, **split}
        return cls(
            Split(
                _from_document(reading),
                split["header_bytes"],
                tuple(Range(**each) for each in split["ranges"]),
            ),
            Usage(**document["usage"]),
            document.get("has_rejected_orders", False),
        )


_READ_BEFORE = {
    "reject": Reject.ROW,
    "rows": 0,
    "rejected_rows": 0,
    "quantity": 0,
    "total": "0",
    "unknown_amounts": 0,
    "rows_sha256": "",
    "orders": {"order_ids": [], "threshold": HASHES},
}
"""Of a file that was split before a split read more than where its rows begin."""

_NOT_WRITTEN = ("rejected_orders", "other_lines")


def _to_document(reading: Reading) -> dict[str, Any]:
    orders = {"order_ids": reading.orders.order_ids, "threshold": reading.orders.threshold}
    changed = {"content": reading.content._asdict(), "orders": orders}
    return reading._asdict() | changed | dict.fromkeys(_NOT_WRITTEN)


def _from_document(document: dict[str, Any]) -> Reading:
    read = {name: document[name] for name in Reading._fields if name not in _NOT_WRITTEN}
    changed = {
        "reject": Reject(read["reject"]),
        "content": ContentCheck(**read["content"]),
        "total": Decimal(read["total"]),
        "orders": OrderSample.of(**read["orders"]),
        "unknown_columns": tuple(read["unknown_columns"]),
    }
    return Reading(**read | changed, rejected_orders=RejectedOrders(), other_lines=OtherLines.unknown())


@dataclass(frozen=True, slots=True)
class RangeResult:
    """The rows and bytes that a range has stored, and the usage of storing them."""

    accepted_rows: int
    rejected_rows: int
    accepted_bytes: int
    rejected_bytes: int
    batches: int
    retried_items: int
    stride: int
    offsets: tuple[int, ...]
    """Byte offsets in the range's accepted rows of number 0, ``stride``, twice that, …"""
    reasons: dict[str, int]
    usage: Usage = field(default_factory=Usage)

    def to_json(self) -> bytes:
        """Write the result down."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read what :meth:`to_json` wrote."""
        document: dict[str, Any] = json.loads(text)
        document["offsets"] = tuple(document["offsets"])
        document["usage"] = Usage(**document["usage"])
        return cls(**document)


def join_marks(results: Sequence[RangeResult], *, first: int, most: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the numbers and the byte offsets of some accepted rows in the joined object.

    ``first`` is the offset of the first row, ``most`` how many rows there may be.
    """
    rows = accumulate((result.accepted_rows for result in results), initial=0)
    offsets = accumulate((result.accepted_bytes for result in results), initial=first)
    marks = [
        (row + at * result.stride, offset + start)
        for result, row, offset in zip(results, rows, offsets, strict=False)
        for at, start in enumerate(result.offsets)
    ]
    while len(marks) > most:
        marks = marks[::2]
    return tuple(row for row, _ in marks), tuple(offset for _, offset in marks)


def join_reasons(results: Sequence[RangeResult]) -> dict[str, int]:
    """Add up how often each reason occurred."""
    reasons: Counter[str] = Counter()
    for result in results:
        reasons.update(result.reasons)
    return dict(reasons)
