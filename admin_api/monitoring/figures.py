"""Figures made of metrics: sums, shares, rates and prices, with gaps kept as gaps. Pure.

Only what is known counts: a share of nothing is unknown, not zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from admin_api.monitoring.cloudwatch import Values


def total(values: Sequence[float | None]) -> float | None:
    """Add up what there is; None where there is nothing at all."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def newest(values: Sequence[float | None]) -> float | None:
    """Return the last value that there is."""
    return next((value for value in reversed(values) if value is not None), None)


def greatest(values: Sequence[float | None]) -> float | None:
    """Return the greatest value that there is."""
    return max((value for value in values if value is not None), default=None)


def added(*rows: Values) -> Values:
    """Add series period by period; a gap only where all have one."""
    return tuple(total(values) for values in zip(*rows, strict=True))


def ratio(part: Values, whole: Values, *, times: float = 1) -> Values:
    """Divide two series period by period; a gap where there is nothing to divide by."""
    return tuple(quotient(above, below, times=times) for above, below in zip(part, whole, strict=True))


def quotient(part: float | None, whole: float | None, *, times: float = 1) -> float | None:
    """Divide; None where there is nothing to divide by. A part that is unknown beside a known whole is none of it."""
    return times * (part or 0.0) / whole if whole else None


def in_bins(values: Values, bins: int) -> Values:
    """Add neighbouring periods up until there are only ``bins``, for a small drawing."""
    size = -(-len(values) // bins)
    return tuple(total(values[first : first + size]) for first in range(0, len(values), size))
