"""A set of order ids that holds a million of them in little memory: 16 bytes each, whatever their length. Pure."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGEST = 16
"""Bytes. Two of a million million pairs of ids are equal in one of 10¹⁴ cases."""
_BUCKETS = 256


class OrderIds:
    """The ids of many orders."""

    def __init__(self, order_ids: Iterable[str] = ()) -> None:
        self._buckets = [bytearray() for _ in range(_BUCKETS)]
        self._sorted: dict[int, bytes] = {}
        for order_id in order_ids:
            self.add(order_id)

    def add(self, order_id: str) -> None:
        """Add an order id, before the first one is looked for."""
        digest = _digest(order_id)
        self._buckets[digest[0]] += digest

    def __contains__(self, order_id: object) -> bool:
        digest = _digest(str(order_id))
        bucket = self._sort(digest[0])
        at = bisect_left(range(len(bucket) // _DIGEST), digest, key=lambda number: _at(bucket, number))
        return _at(bucket, at) == digest

    def _sort(self, number: int) -> bytes:
        found = self._sorted.get(number)
        if found is None:
            bucket = self._buckets[number]
            found = b"".join(sorted({_at(bucket, at) for at in range(len(bucket) // _DIGEST)}))
            self._sorted[number], self._buckets[number] = found, bytearray()
        return found


def _digest(order_id: str) -> bytes:
    return hashlib.blake2b(order_id.encode(), digest_size=_DIGEST).digest()


def _at(bucket: bytes | bytearray, number: int) -> bytes:
    return bytes(bucket[number * _DIGEST : (number + 1) * _DIGEST])
