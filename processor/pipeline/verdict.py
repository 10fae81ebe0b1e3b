"""The verdict on a whole file before its first order is stored, by the policy and by what the upload announced. Pure.

Whether its orders came before is another question: ``processor.pipeline.admission``.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.holds import SHARE_FROM_ROWS, HoldCause, LineEnd, Policy, Reject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from processor.parsing.whole_file import Reading

NO_LINE_END = "The last row has no line end: the upload may have been cut off."
_LONGEST_ANNOUNCEMENT = 40
_ROWS = re.compile("[0-9]{1,15}")
_TOTAL = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,10})?")


class Announced(NamedTuple):
    """What the upload announced in the object's metadata ``rows`` and ``total``, as it wrote it; "" for nothing."""

    rows: str = ""
    total: str = ""

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Announced:
        """Read the announcement of an upload."""
        return cls(*(metadata.get(name, "").strip()[:_LONGEST_ANNOUNCEMENT] for name in ("rows", "total")))


NOTHING_ANNOUNCED = Announced()


class Hold(NamedTuple):
    """The decision to store nothing of a file until a person decides."""

    cause: HoldCause
    error: str


def judge(reading: Reading, announced: Announced, policy: Policy) -> Hold | None:
    """Decide about a file by itself: None if it may be stored."""
    if policy.line_end is LineEnd.REQUIRED and not reading.content.has_line_end:
        return Hold(HoldCause.CUT_OFF, f"{NO_LINE_END} Look at its last row, or have the file sent again.")
    if differences := _differences(reading, announced):
        return Hold(HoldCause.TOTALS, f"The file does not hold what was announced. {' '.join(differences)}")
    return _judge_rejected(reading, policy)


def _judge_rejected(reading: Reading, policy: Policy) -> Hold | None:
    rows, rejected = reading.rows, reading.rejected_rows
    share = f"{rejected:,} of {rows:,} rows would be rejected"
    if policy.reject is Reject.FILE and rejected:
        return Hold(HoldCause.REJECTED_SHARE, f"{share}, and one is enough to hold a file (reject=file).")
    limit = policy.hold_above_rejected_percent
    if rows >= SHARE_FROM_ROWS and rejected * 100 > rows * limit:
        return Hold(HoldCause.REJECTED_SHARE, f"{share}: more than {limit} %.")
    return None


def _differences(reading: Reading, announced: Announced) -> list[str]:
    """Say what was announced and not read, as sentences."""
    differences = []
    if announced.rows and not _ROWS.fullmatch(announced.rows):
        differences.append(f"Announced as rows was {announced.rows!r}, which is not a whole number.")
    elif announced.rows and int(announced.rows) != reading.rows:
        differences.append(f"Announced were {int(announced.rows):,} rows, read were {reading.rows:,}.")
    if announced.total and not _TOTAL.fullmatch(announced.total):
        differences.append(f"Announced as total was {announced.total!r}, which is not a number such as 12345.60.")
    elif announced.total and Decimal(announced.total) != reading.total:
        unread = reading.unknown_amounts
        without = f", without {unread:,} row{'s' * (unread != 1)} whose amount cannot be read" if unread else ""
        differences.append(
            f"Announced was a total of {announced.total}, read was {amount_text(reading.total)}{without}."
        )
    return differences


def amount_text(amount: Decimal) -> str:
    """Write an amount with all of its decimal places that are not zero, and two at least."""
    whole, _, places = f"{amount:f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"


def warnings_about(reading: Reading) -> tuple[str, ...]:
    """Say what a person should know of a file that may be stored all the same."""
    return () if reading.content.has_line_end else (NO_LINE_END,)
