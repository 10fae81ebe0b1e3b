"""The oracle of the chaos run, which shares no line with the processor, agrees with it on files of every kind."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from processor.domain.columns import read_cells
from processor.domain.errors import PermanentError
from processor.domain.holds import Reject
from processor.parsing.checked_text import CheckedText
from processor.parsing.whole_file import read_whole
from tests.chaos.files import FileMaker
from tests.chaos.rules import LAID_ASIDE, Limits, judge, judge_rows

if TYPE_CHECKING:
    from tests.chaos.files import ChaosFile
    from tests.chaos.rules import Verdict

LIMITS = Limits(file_bytes=2**20, unpacked_bytes=2**19)
BEFORE_THE_CONTENT = {"wrong name", "unknown encoding", "too large"}
"""Kinds that the pipeline refuses before it reads."""
SOUP = ['"', '""', ",", ";", "\n", "\r\n", " ", "a", "ü😀", "\0", "1", "2.5", "-3", "\t", "A-1,b,c,1,2.5\n"]
SOUP += ['A-2,"x ""y"" ,\nz",c,1,0.10\r\n', "A,b,c,x,1,2\n", "é,b,c,0,1.00001\n", 'A,b,c,1,"1,5"\n', 'x,"y"z,c,1,1\n']


def by_the_processor(name: str, body: bytes, encoding: str) -> tuple[str, dict[int, object], dict[int, object]]:
    """Return the processor's cause, accepted and rejected rows."""
    how = {"gzipped": name.endswith(".gz"), "encoding": encoding or "utf-8", "limit_bytes": LIMITS.unpacked_bytes}
    accepted: dict[int, object] = {}
    rejected: dict[int, object] = {}
    try:
        for number, cells, problem, original in CheckedText([body], **how).open_reader():  # type: ignore[arg-type]
            values, problems = ([], []) if problem else read_cells(cells)
            reasons = f"row: {problem}" if problem else "; ".join(f"{p.column}: {p.reason}" for p in problems)
            if reasons:
                rejected[number] = (reasons, original)
            else:
                accepted[number] = tuple(values)
    except PermanentError as error:
        return error.cause, {}, {}
    return "" if accepted or rejected else "no_rows", accepted, rejected


def by_the_oracle(verdict: Verdict) -> tuple[str, dict[int, object], dict[int, object]]:
    """Return the oracle's verdict in the same shape."""
    accepted: dict[int, object] = {number: tuple(row) for number, row in verdict.accepted.items()}
    return verdict.cause, accepted, {number: tuple(each) for number, each in verdict.rejected.items()}


FILES = FileMaker(random.Random(11), "unit", LIMITS).make(60)  # noqa: S311


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.kind)
def test_generated_files_are_judged_alike(file: ChaosFile) -> None:
    """Cause, row numbers, values, reasons and texts are the same."""
    verdict = judge_rows(file.name, file.body, file.encoding, LIMITS)

    if file.kind in BEFORE_THE_CONTENT:
        assert verdict.state == "failed"
    else:
        assert by_the_oracle(verdict) == by_the_processor(file.name, file.body, file.encoding)


@pytest.mark.parametrize("seed", range(5))
def test_soup_is_judged_alike(seed: int) -> None:
    """Whatever CSV's own characters are strung together to, both read the same rows."""
    rng = random.Random(seed)  # noqa: S311
    header = "order_id,customer_name,product_name,quantity,unit_price\n"

    for _ in range(150):
        body = (header + "".join(rng.choice(SOUP) for _ in range(rng.randint(0, 60)))).encode()
        assert by_the_oracle(judge_rows("a.csv", body)) == by_the_processor("a.csv", body, ""), body


@pytest.mark.parametrize("file", [file for file in FILES if file.kind not in BEFORE_THE_CONTENT], ids=lambda f: f.kind)
def test_whole_files_are_judged_alike(file: ChaosFile) -> None:
    """The share of rejected rows that holds a file, and the good rows that are laid aside with their orders."""
    by_rows = judge_rows(file.name, file.body, file.encoding, LIMITS)
    verdict = judge(file.name, file.body, file.encoding, LIMITS)
    if by_rows.cause:
        assert verdict.state == "failed"
        return

    how = {"gzipped": file.name.endswith(".gz"), "encoding": file.encoding or "utf-8"}
    text = CheckedText([file.body], limit_bytes=LIMITS.unpacked_bytes, **how)  # type: ignore[arg-type]
    reading = read_whole(text, Reject.ORDER)

    rejected = reading.rejected_orders
    laid_aside = {number for number, row in by_rows.accepted.items() if row.order_id.encode() in rejected}
    assert (reading.rows, reading.rejected_rows) == (
        len(by_rows.accepted) + len(by_rows.rejected),
        len(by_rows.rejected),
    )
    assert {number for number, each in verdict.rejected.items() if each.reasons == LAID_ASIDE} == laid_aside
    assert (verdict.held == "rejected_share") == (reading.rows >= 20 and reading.rejected_rows * 2 > reading.rows)


def test_the_generated_files_show_every_verdict() -> None:
    """Some are held, and of some an order is laid aside."""
    verdicts = [judge(file.name, file.body, file.encoding, LIMITS) for file in FILES]

    assert {verdict.state for verdict in verdicts} == {"processed", "partial", "failed", "held"}
    assert LAID_ASIDE in {each.reasons for verdict in verdicts for each in verdict.rejected.values()}


def test_no_two_generated_files_have_an_order_in_common() -> None:
    """Or else one would be held for the other's sake; only copies share theirs."""
    files = {file.body: file for file in FILES}.values()
    orders = [{row.order_id for row in judge(file.name, file.body, file.encoding).accepted.values()} for file in files]

    assert sum(map(len, orders)) == len(set().union(*orders))
