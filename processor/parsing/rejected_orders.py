"""The order ids that have a rejected row, however many, in bounded memory. Pure.

Up to :data:`MOST_IDS` they are kept as they are; of more, eight bytes of a hash each, in a table that is at most half
full. 500,000 of them take 8 MB, and 12 while the table grows. An order that has no rejected row would be taken for one
that has once in some 10**13 orders, then in every reading of the file alike.
"""

from __future__ import annotations

import sys
from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_IDS = 32_768
_FIRST_SIZE = 4 * MOST_IDS
_IDS, _DIGESTS = b"I", b"D"
"""The first byte of what is written."""


class RejectedOrders:
    """A set of order ids, in UTF-8."""

    def __init__(self, order_ids: Iterable[bytes] = (), digests: _Digests | None = None) -> None:
        self._ids: set[bytes] = set()
        self._digests = digests
        for order_id in order_ids:
            self.add(order_id)

    def add(self, order_id: bytes) -> None:
        """Add an order id that may be there already."""
        if self._digests is not None:
            self._digests.add(_digest(order_id))
            return
        self._ids.add(order_id)
        if len(self._ids) > MOST_IDS:
            self._digests = _Digests(map(_digest, self._ids))
            self._ids.clear()

    def __contains__(self, order_id: object) -> bool:
        if self._digests is None:
            return order_id in self._ids
        return isinstance(order_id, bytes) and _digest(order_id) in self._digests

    def __len__(self) -> int:
        return len(self._ids) if self._digests is None else self._digests.count

    def find(self, order_ids: Sequence[bytes]) -> list[int]:
        """Return the indexes of those that are in the set."""
        if not self:
            return []
        if self._digests is not None:
            return [at for at, order_id in enumerate(order_ids) if order_id in self]
        ids = self._ids
        return [] if ids.isdisjoint(order_ids) else [at for at, order_id in enumerate(order_ids) if order_id in ids]

    def to_bytes(self) -> bytes:
        """Write the order ids down; equal sets are written alike, up to the bound."""
        if self._digests is None:
            return _IDS + b"\n".join(sorted(self._ids))
        digests = array("Q", self._digests)
        if sys.byteorder == "little":
            digests.byteswap()
        return _DIGESTS + digests.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote."""
        if data.startswith(_IDS):
            return cls(filter(None, data[len(_IDS) :].split(b"\n")))
        digests = array("Q", data[len(_DIGESTS) :])
        if sys.byteorder == "little":
            digests.byteswap()
        return cls(digests=_Digests(digests))


def _digest(order_id: bytes) -> int:
    # 0 stands for a free place in the table.
    return int.from_bytes(blake2b(order_id, digest_size=8).digest()) or 1


class _Digests:
    """A set of numbers from 1 to 2**64 - 1 in an open-addressing table with linear probing."""

    def __init__(self, digests: Iterable[int]) -> None:
        self._table = array("Q", [0]) * _FIRST_SIZE
        self.count = 0
        for digest in digests:
            self.add(digest)

    def _find(self, digest: int) -> int:
        """Return the place of a digest, or the free one where it belongs."""
        table = self._table
        at, last = digest % len(table), len(table) - 1
        while table[at] not in (0, digest):
            at = at + 1 if at < last else 0
        return at

    def __contains__(self, digest: int) -> bool:
        return self._table[self._find(digest)] == digest

    def __iter__(self) -> Iterator[int]:
        return filter(None, self._table)

    def add(self, digest: int) -> None:
        at = self._find(digest)
        if self._table[at]:
            return
        self._table[at] = digest
        self.count += 1
        if 2 * self.count > len(self._table):
            old = self._table
            self._table = array("Q", [0]) * (2 * len(old))
            for each in filter(None, old):
                self._table[self._find(each)] = each
