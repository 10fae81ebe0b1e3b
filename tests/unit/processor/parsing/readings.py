"""Readings of whole files, in one piece or row by row, in a form that compares."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.domain.holds import Reject
from processor.parsing.checked_text import CheckedText
from processor.parsing.whole_file import ReadingMaker, read_whole
from tests.unit.processor.parsing.whole_files import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from processor.parsing.whole_file import Reading


def read(
    *blocks: bytes | str, gzipped: bool = False, encoding: str = "utf-8", reject: Reject = Reject.ORDER
) -> Reading:
    """Read a file of these blocks as the processor does."""
    stored = [block.encode() if isinstance(block, str) else block for block in blocks]
    return read_whole(CheckedText(stored, gzipped=gzipped, encoding=encoding, limit_bytes=LIMIT), reject)


def read_carefully(blocks: Iterable[bytes], reject: Reject = Reject.ORDER) -> Reading:
    """Read a file row by row: what every reading is measured by."""
    text = CheckedText(blocks, gzipped=False, encoding="utf-8", limit_bytes=LIMIT)
    reader = text.open_reader()
    maker = ReadingMaker(reader, reject)
    for row in reader:
        maker.add(row)
    return maker.result(text.result())


class Comparable(NamedTuple):
    """A reading, with the rejected orders as they are written down, and without the lines to look at again."""

    reading: Reading
    rejected_orders: bytes

    @classmethod
    def of(cls, reading: Reading) -> Comparable:
        """Make a reading comparable."""
        return cls(
            reading._replace(rejected_orders=NONE.rejected_orders, other_lines=NONE.other_lines),
            reading.rejected_orders.to_bytes(),
        )


NONE = read("order_id,customer_name,product_name,quantity,unit_price\n1,A,B,1,1\n")


def rejected_ids(reading: Reading) -> set[str]:
    """List the ids of the orders that are laid aside."""
    return set(reading.rejected_orders.to_bytes()[1:].decode().split("\n")) - {""}
