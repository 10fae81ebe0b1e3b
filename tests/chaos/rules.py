"""The oracle: what has to become of a file, by the rules of docs/file-format.md, written down a second time.

It reads character by character, decides cell by cell, and shares no line with the processor.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

COLUMNS = ("order_id", "customer_name", "product_name", "quantity", "unit_price")
TEXT_LENGTHS = {"order_id": 64, "customer_name": 200, "product_name": 200}
LONGEST_ROW = 65_536
KEPT_OF_ORIGINAL = 10_000
HELD_FROM_ROWS, HELD_ABOVE_PERCENT = 20, 50
LAID_ASIDE = "order_id: another row of this order was rejected"

_CODECS = {"utf-8": "utf-8-sig", "cp1252": "cp1252"}
_OTHER_KINDS = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\x1f\x8b")
_CONTROLS = {*range(32), *range(127, 160)} - {9, 10, 13}


class Row(NamedTuple):
    """The values of an accepted row."""

    order_id: str
    customer_name: str
    product_name: str
    quantity: int
    unit_price: Decimal

    @property
    def line_total(self) -> Decimal:
        """Quantity times price, unrounded."""
        return self.quantity * self.unit_price


class Rejection(NamedTuple):
    """Why a row is rejected, and its text in the file."""

    reasons: str
    original: str


@dataclass(frozen=True)
class Limits:
    """The deployment's bounds of a file, in bytes."""

    file_bytes: int = 5 * 2**30
    unpacked_bytes: int = 512 * 2**20


@dataclass
class Verdict:
    """What has to become of a file: a cause of failure, or its rows by their numbers, and a cause of holding."""

    cause: str = ""
    accepted: dict[int, Row] = field(default_factory=dict)
    rejected: dict[int, Rejection] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    """The order ids of rejected rows, where the cell itself passes."""
    originals: dict[int, str] = field(default_factory=dict)
    """The texts of accepted rows."""
    held: str = ""

    @property
    def state(self) -> str:
        """The state in which the file comes to rest."""
        if self.cause or self.held:
            return "failed" if self.cause else "held"
        return "partial" if self.rejected else "processed"


class UnreadableError(Exception):
    """The file fails as a whole, for the cause that is the argument."""


def judge(name: str, body: bytes, encoding: str = "", limits: Limits | None = None) -> Verdict:
    """Decide what has to become of a file of that name, content and declared encoding, by the default policies.

    Whether its orders came before is not asked: no two files of a chaos run have an order id in common.
    """
    verdict = judge_rows(name, body, encoding, limits)
    rows = len(verdict.accepted) + len(verdict.rejected)
    if rows >= HELD_FROM_ROWS and len(verdict.rejected) * 100 > rows * HELD_ABOVE_PERCENT:
        verdict.held = "rejected_share"
    # Of a row that cannot be split no order id is known: those of a chaos run share none with another row.
    for number in [number for number, row in verdict.accepted.items() if row.order_id in verdict.broken]:
        del verdict.accepted[number]
        verdict.rejected[number] = Rejection(LAID_ASIDE, verdict.originals[number])
    verdict.rejected = dict(sorted(verdict.rejected.items()))
    return verdict


def judge_rows(name: str, body: bytes, encoding: str = "", limits: Limits | None = None) -> Verdict:
    """Decide about a file and each of its rows by themselves."""
    try:
        return _read_rows(_text_of(name, body, encoding, limits or Limits()).split("\n"))
    except UnreadableError as unreadable:
        return Verdict(cause=str(unreadable))


def _text_of(name: str, body: bytes, encoding: str, limits: Limits) -> str:
    packed = name.lower().endswith(".csv.gz")
    if not packed and not name.lower().endswith(".csv"):
        raise UnreadableError("wrong_name")
    if not body:
        raise UnreadableError("empty")
    if (encoding or "utf-8") not in _CODECS:
        raise UnreadableError("wrong_encoding")
    if len(body) > (limits.unpacked_bytes if packed else limits.file_bytes):
        raise UnreadableError("too_large")
    if packed:
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise UnreadableError("bad_gzip") from error
        if len(body) > limits.unpacked_bytes:
            raise UnreadableError("too_large")
    if body.startswith(_OTHER_KINDS):
        raise UnreadableError("not_csv")
    try:
        return body.decode(_CODECS[encoding or "utf-8"])
    except UnicodeDecodeError as error:
        raise UnreadableError("wrong_encoding") from error


def _read_rows(lines: list[str]) -> Verdict:
    if lines[-1] == "":
        lines.pop()  # The end of the last line begins no other.
    at = next((at for at, line in enumerate(lines) if line.strip(" \r")), None)
    if at is None:
        raise UnreadableError("no_header")
    names, delimiter = _read_header(lines[at])
    verdict, number, at = Verdict(), at + 1, at + 1
    while at < len(lines):
        number += 1
        if not lines[at].removesuffix("\r").strip(" "):
            at += 1
            continue
        cells, problem, taken = _read_row(lines, at, delimiter, len(names))
        original = "\n".join(lines[at : at + taken]).removesuffix("\r")[:LONGEST_ROW]
        at += taken
        if problem:
            verdict.rejected[number] = Rejection(f"row: {problem}", original)
            continue
        _decide(verdict, number, [cells[names.index(column)].strip(" ") for column in COLUMNS], original)
    if not verdict.accepted and not verdict.rejected:
        raise UnreadableError("no_rows")
    return verdict


def _read_header(line: str) -> tuple[list[str], str]:
    readings = []
    for delimiter in ",;\t|":
        cells, problem, _ = _split_row([line], 0, delimiter)
        names = [] if problem else [cell.strip().lower() for cell in cells]
        readings.append((len(set(COLUMNS).intersection(names)), names, delimiter))
    found, names, delimiter = max(readings, key=lambda reading: reading[0])
    if not found:
        raise UnreadableError("no_header")
    if found < len(COLUMNS):
        raise UnreadableError("missing_column")
    if any(names.count(column) > 1 for column in COLUMNS):
        raise UnreadableError("duplicate_column")
    return names, delimiter


def _read_row(lines: list[str], at: int, delimiter: str, width: int) -> tuple[list[str], str, int]:
    """Read the row that begins at a line: its cells, its problem, and the number of lines that it takes."""
    if len(lines[at]) > LONGEST_ROW:
        return [], f"longer than {LONGEST_ROW:,} characters", 1
    cells, problem, taken = _split_row(lines, at, delimiter)
    if not problem and len(cells) != width:
        problem = f"has {len(cells)} cell{'s' * (len(cells) != 1)} where the header has {width}"
    if problem:
        return [], problem, 1  # A stray quote costs its line and swallows no other.
    return cells, "", taken


def _split_row(lines: list[str], at: int, delimiter: str) -> tuple[list[str], str, int]:
    """Split by RFC 4180: quotes hold delimiters and line breaks, two of them are one."""
    cells, cell, mode, taken, size = [], "", "start", 0, 0
    while True:
        if at + taken == len(lines) or size > LONGEST_ROW:
            return [], f"a quote is opened and not closed within {LONGEST_ROW:,} characters", taken
        line = lines[at + taken]
        taken, size = taken + 1, size + len(line) + 1
        for place, char in enumerate(line):
            last = place == len(line) - 1
            if mode == "quoted":
                mode, cell = ("closed", cell) if char == '"' else (mode, cell + char)
            elif mode == "closed" and char == '"':
                mode, cell = "quoted", cell + char
            elif char == delimiter:
                cells.append(cell)
                cell, mode = "", "start"
            elif char == "\r":
                if not last:
                    return [], "contains a carriage return outside quotes", taken
            elif mode == "closed":
                return [], "text follows a closing quote (double the quotes inside a cell)", taken
            elif mode == "start" and char == '"':
                mode = "quoted"
            elif mode != "start" or char != " ":
                mode, cell = "plain", cell + char
        if mode != "quoted":
            return [*cells, cell], "", taken
        cell += "\n"


def _decide(verdict: Verdict, number: int, cells: list[str], original: str) -> None:
    problems = [(column, _problem(column, cell)) for column, cell in zip(COLUMNS, cells, strict=True)]
    reasons = "; ".join(f"{column}: {problem}" for column, problem in problems if problem)
    if reasons:
        verdict.rejected[number] = Rejection(reasons, original)
        if not problems[0][1]:
            verdict.broken.add(cells[0])
    else:
        verdict.originals[number] = original
        verdict.accepted[number] = Row(cells[0], cells[1], cells[2], int(cells[3]), Decimal(cells[4]))


def _problem(column: str, cell: str) -> str:
    if not cell.strip():
        return "empty"
    if column in TEXT_LENGTHS:
        return _problem_of_text(column, cell)
    return _problem_of_number(column, cell)


def _problem_of_text(column: str, cell: str) -> str:
    if len(cell) > TEXT_LENGTHS[column]:
        return f"longer than {TEXT_LENGTHS[column]} characters"
    if any(ord(char) in _CONTROLS for char in cell):
        return "contains a control character"
    if column == "order_id" and any(char in "\t\n\r" for char in cell):
        return "contains a line break or tab"
    return ""


def _problem_of_number(column: str, cell: str) -> str:
    whole = column == "quantity"
    if not re.fullmatch("[0-9]{1,20}" if whole else r"[0-9]{1,20}(\.[0-9]{1,20})?", cell):
        if re.fullmatch(r"-[0-9]{1,20}(\.[0-9]{1,20})?", cell):
            return "negative"
        if "," in cell and re.fullmatch(r"-?[0-9]{1,20}([.,][0-9]{1,20})*", cell):
            return "contains a comma (write digits and a decimal point only)"
        return "not a whole number" if whole else "not a decimal number"
    if whole:
        return "below 1" if int(cell) < 1 else "above 1,000,000" if int(cell) > 1_000_000 else ""
    if len(cell.partition(".")[2]) > 4:
        return "more than 4 decimal places"
    return "above 9,999,999.9999" if Decimal(cell) > Decimal("9999999.9999") else ""
