"""The verdict on a file by itself: line end, announced totals, share of rejected rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from processor.domain.holds import HoldCause, LineEnd, Policy, Reject
from processor.pipeline.verdict import NO_LINE_END, NOTHING_ANNOUNCED, Announced, judge, warnings_about
from tests.unit.processor.parsing.readings import read

if TYPE_CHECKING:
    from processor.parsing.whole_file import Reading

HEADER = "order_id,customer_name,product_name,quantity,unit_price"
GOOD, BAD = "A-1,Ada,Pen,2,1.50", "A-2,Ada,Pen,two,1.50"


def reading(*rows: str, end: str = "\n") -> Reading:
    """Read a file of these rows."""
    body = "\n".join((HEADER, *rows)) + end
    return read(body)


@pytest.mark.parametrize(
    ("end", "policy", "cause", "warnings"),
    [
        ("\n", LineEnd.REQUIRED, None, ()),
        ("", LineEnd.OPTIONAL, None, (NO_LINE_END,)),
        ("", LineEnd.REQUIRED, HoldCause.CUT_OFF, (NO_LINE_END,)),
    ],
    ids=["whole", "warned", "held"],
)
def test_last_row_without_a_line_end(
    end: str, policy: LineEnd, cause: HoldCause | None, warnings: tuple[str, ...]
) -> None:
    """It is told in any case, and held where a line end is required."""
    found = reading(GOOD, end=end)

    hold = judge(found, NOTHING_ANNOUNCED, Policy(line_end=policy))

    assert (hold and hold.cause) == cause
    assert warnings_about(found) == warnings


@pytest.mark.parametrize(
    ("rows", "total", "words"),
    [
        ("2", "6.00", ""),
        ("2", "", ""),
        ("", "6", ""),
        ("002", "006.0000", ""),
        ("3", "", "Announced were 3 rows, read were 2."),
        ("", "6.01", "Announced was a total of 6.01, read was 6.00."),
        ("many", "", "Announced as rows was 'many', which is not a whole number."),
        ("", "6,00", "Announced as total was '6,00', which is not a number such as 12345.60."),
        ("\uff12", "NaN", "'\uff12', which is not a whole number. Announced as total was 'NaN'"),
    ],
)
def test_announced_totals_are_compared_with_what_was_read(rows: str, total: str, words: str) -> None:
    """By value; and what cannot be compared is held, too."""
    hold = judge(reading(GOOD, GOOD), Announced(rows, total), Policy())

    assert (hold.cause if hold else None) == (HoldCause.TOTALS if words else None)
    assert words in (hold.error if hold else "")


def test_total_counts_rejected_rows_whose_amount_can_be_read() -> None:
    """The sender counted them; one that cannot be read is named as the reason of the difference."""
    readable = reading(GOOD, "A-2,,Pen,2,1.50")
    unreadable = reading(GOOD, BAD)

    assert judge(readable, Announced(total="6"), Policy()) is None
    hold = judge(unreadable, Announced(total="6"), Policy())
    assert hold
    assert "read was 3.00, without 1 row whose amount cannot be read" in hold.error


@pytest.mark.parametrize(
    ("good", "bad", "policy", "held"),
    [
        (10, 10, Policy(), False),
        (9, 11, Policy(), True),
        (0, 19, Policy(), False),
        (19, 1, Policy(hold_above_rejected_percent=5), False),
        (19, 1, Policy(hold_above_rejected_percent=4), True),
        (0, 20, Policy(hold_above_rejected_percent=100), False),
        (1, 1, Policy(reject=Reject.FILE), True),
        (2, 0, Policy(reject=Reject.FILE), False),
    ],
)
def test_share_of_rejected_rows(good: int, bad: int, policy: Policy, *, held: bool) -> None:
    """More than the limit holds a file of twenty rows; with reject=file one row holds any."""
    hold = judge(reading(*[GOOD] * good, *[BAD] * bad), NOTHING_ANNOUNCED, policy)

    assert (hold.cause if hold else None) == (HoldCause.REJECTED_SHARE if held else None)
    assert not held or f"{bad} of {good + bad} rows" in (hold.error if hold else "")
