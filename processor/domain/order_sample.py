"""A sample of a file's order ids that is taken alike from every file, so that two files show what they share. Pure.

Each order id has a hash, the same in every file. Up to :data:`MOST_ORDERS` orders the sample has all of them, and a
comparison is exact. Of more it keeps those with the smallest hashes: below the smaller threshold of two files, each of
the two samples is complete. On average ``MOST_ORDERS`` x share of the larger file's orders are found in both, so one is
found at least in 999 of 1,000 cases if the files share 0.35 % of the larger one's orders (0.9965 ** 2,000 = 0.0009). A
file sent again within another is therefore found if that one has at most 285 times its orders.

A hash has four bytes, so that those of 1,000 orders fit into five write units of DynamoDB. Two order ids have the same
one in 4 billion pairs: whoever acts on a shared hash compares the order ids first.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from itertools import compress
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple, Self
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

MOST_ORDERS = 2_000
HASHES = 2**32
"""The number of different hashes."""

# CRC-32 alone is linear: of consecutive ids it would pick a pattern. The product with an odd number is not, and as each
# product belongs to one CRC, it makes no two hashes equal. Its upper bits, by which a sample is chosen, depend on all.
_FACTOR = 0x9E3779B1
_multiply, _keep_32_bits = _FACTOR.__mul__, (HASHES - 1).__and__

_HEAD = Struct(">QI")
"""The number of orders, and the threshold (0 for all hashes)."""


def hash_order_ids(order_ids: Iterable[bytes]) -> list[int]:
    """Return the hash of each order id, which is given in UTF-8."""
    return list(map(_keep_32_bits, map(_multiply, map(crc32, order_ids))))


class Overlap(NamedTuple):
    """The orders that two files seem to share."""

    hashes: frozenset[int]
    """Hashes in both samples."""
    order_ids: tuple[str, ...]
    """The order ids with these hashes in the file that was compared, if they are known."""
    orders: int
    """The number of shared orders; an estimate unless the overlap is exact."""
    is_exact: bool
    """Whether both samples have all orders."""


@dataclass(frozen=True, slots=True)
class OrderSample:
    """The sample of one file."""

    count: int
    """The number of orders; an estimate unless the sample is exact."""
    threshold: int
    """The hash below which the sample has every order; :data:`HASHES` if it has all."""
    hashes: tuple[int, ...]
    """Sorted, each once."""
    order_ids: tuple[str, ...] = ()
    """Sorted by hash; none if the sample was read back."""

    @property
    def is_exact(self) -> bool:
        """Whether the sample has every order of the file."""
        return self.threshold == HASHES

    @classmethod
    def of(cls, order_ids: Iterable[str], threshold: int = HASHES) -> Self:
        """Make the sample that has these orders, all that there are below ``threshold``."""
        texts = list(order_ids)
        hashed = sorted(zip(hash_order_ids(text.encode() for text in texts), texts, strict=True))
        count = round(len(hashed) * HASHES / threshold)
        return cls(
            count, threshold, tuple(dict.fromkeys(each for each, _ in hashed)), tuple(text for _, text in hashed)
        )

    def to_bytes(self) -> bytes:
        """Write the sample without its order ids: 12 bytes, and 4 for each hash."""
        hashes = array("I", self.hashes)
        if sys.byteorder == "little":
            hashes.byteswap()
        return _HEAD.pack(self.count, self.threshold % HASHES) + hashes.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote."""
        count, threshold = _HEAD.unpack_from(data)
        hashes = array("I", data[_HEAD.size :])
        if sys.byteorder == "little":
            hashes.byteswap()
        return cls(count, threshold or HASHES, tuple(hashes))

    def shared_with(self, other: OrderSample) -> Overlap:
        """Compare two samples below the smaller of their thresholds, where both are complete."""
        threshold = min(self.threshold, other.threshold)
        shared = frozenset(self.hashes).intersection(other.hashes)
        if not shared:  # As with nearly all files of a sender.
            return Overlap(shared, (), 0, self.is_exact and other.is_exact)
        hashed = zip(hash_order_ids(text.encode() for text in self.order_ids), self.order_ids, strict=True)
        order_ids = tuple(order_id for each, order_id in hashed if each in shared)
        found = len(order_ids) if self.order_ids else len(shared)
        orders = min(round(found * HASHES / threshold), self.count)
        return Overlap(shared, order_ids, orders, self.is_exact and other.is_exact)


class OrderSampler:
    """Takes the sample of the order ids that pass."""

    def __init__(self) -> None:
        self._hashes: dict[bytes, int] = {}
        self._threshold = HASHES

    def add(self, order_ids: Iterable[bytes]) -> None:
        """Add order ids, each perhaps often."""
        order_ids = list(set(order_ids))
        hashes = hash_order_ids(order_ids)
        if self._threshold == HASHES:
            self._hashes.update(zip(order_ids, hashes, strict=True))
        else:
            small = list(map(self._threshold.__gt__, hashes))
            self._hashes.update(zip(compress(order_ids, small), compress(hashes, small), strict=True))
        if len(self._hashes) > 2 * MOST_ORDERS:
            self._lower_threshold()

    def _lower_threshold(self) -> None:
        if len(self._hashes) > MOST_ORDERS:
            self._threshold = sorted(self._hashes.values())[MOST_ORDERS]
            self._hashes = {text: each for text, each in self._hashes.items() if each < self._threshold}

    def result(self, rejected: Container[bytes] = frozenset()) -> OrderSample:
        """Return the sample of all that was added, without the ``rejected`` ones."""
        self._hashes = {text: each for text, each in self._hashes.items() if text not in rejected}
        self._lower_threshold()
        return OrderSample.of((text.decode() for text in self._hashes), self._threshold)
