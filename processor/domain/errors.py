"""What can go wrong with a whole file or message.

Two families decide behaviour. A :class:`PermanentError` is the file's own fault: it is recorded, a person is told, and
nothing retries. Every other error is raised, so that SQS delivers the message again and, after the last receive,
dead-letters it. A rejected *row* is neither: it is a value (``processor.domain.columns``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


_UNPACK = "Upload it unpacked, as .csv: only that can be read in ranges."


class WaybillError(Exception):
    """Something went wrong in Waybill."""

    def __repr__(self) -> str:
        """Name the error and what it says."""
        return f"{type(self).__name__}({str(self)!r})"


# The file's own fault: failed at once.


@dataclass(eq=False, repr=False)
class PermanentError(WaybillError):
    """The file cannot be read as an order file, and trying again would not help."""

    cause: ClassVar[str] = "unreadable"
    """A constant word for lists, filters and metrics; the message is for people."""

    def __str__(self) -> str:
        """Say what is wrong, where, and what to do."""
        return str(type(self).__doc__)


class EmptyFileError(PermanentError):
    """The file has no bytes. Export it again and upload the new file."""

    cause = "empty"


class NoRowsError(PermanentError):
    """The file has a header and no rows. If orders were expected, export it again and upload the new file."""

    cause = "no_rows"


@dataclass(eq=False, repr=False)
class NoHeaderError(PermanentError):
    """The first line is not a usable header."""

    cause = "no_header"
    problem: str

    def __str__(self) -> str:
        """Say what stands in the header's place."""
        return f"{self.problem} The first line must name the columns, separated by comma, semicolon, tab or |."


@dataclass(eq=False, repr=False)
class MissingColumnError(PermanentError):
    """The header lacks columns that every order needs."""

    cause = "missing_column"
    missing: Sequence[str]

    def __str__(self) -> str:
        """Name the missing columns."""
        return f"The header lacks {', '.join(self.missing)}. Add what is missing and upload the file again."


@dataclass(eq=False, repr=False)
class DuplicateColumnError(PermanentError):
    """The header names a column twice, so its value would be a guess."""

    cause = "duplicate_column"
    duplicated: Sequence[str]

    def __str__(self) -> str:
        """Name the columns that stand there twice."""
        return f"The header names {', '.join(self.duplicated)} more than once. Keep one of each and upload again."


@dataclass(eq=False, repr=False)
class WrongEncodingError(PermanentError):
    """The bytes are not text in the encoding that was promised."""

    cause = "wrong_encoding"
    encoding: str
    line: int
    byte: int
    hint: str = (
        "Save the file as UTF-8, or upload it with the object metadata `encoding: cp1252` if it is Windows-1252."
    )

    def __str__(self) -> str:
        """Say which byte on which line does not fit."""
        return f"Line {self.line} holds the byte 0x{self.byte:02X}, which is not {self.encoding}. {self.hint}"


@dataclass(eq=False, repr=False)
class UnknownEncodingError(PermanentError):
    """The upload declares an encoding that is not offered."""

    cause = "wrong_encoding"
    declared: str
    offered: Sequence[str]

    def __str__(self) -> str:
        """Name what was declared and what is offered."""
        return f"The upload declares the encoding {self.declared!r:.40}; offered are {', '.join(self.offered)}."


@dataclass(eq=False, repr=False)
class NotCsvError(PermanentError):
    """The file is another kind of file under a CSV's name."""

    cause = "not_csv"
    kind: str

    def __str__(self) -> str:
        """Say what the file is instead."""
        return f"This is {self.kind}, not CSV text. Export it as CSV (UTF-8) and upload that."


class WrongNameError(PermanentError):
    """The object's name does not end in .csv or .csv.gz, so it is not read. Rename the file and upload it again."""

    cause = "wrong_name"


@dataclass(eq=False, repr=False)
class BadGzipError(PermanentError):
    """A .csv.gz that does not unpack."""

    cause = "bad_gzip"
    problem: str

    def __str__(self) -> str:
        """Say what gzip met."""
        return f"The file cannot be unpacked: {self.problem}. Compress and upload it again."


@dataclass(eq=False, repr=False)
class TooLargeError(PermanentError):
    """The file is larger than one run may read."""

    cause = "too_large"
    limit_bytes: int
    unpacked: bool = False
    gzipped: bool = False

    def __str__(self) -> str:
        """Say which limit was passed."""
        if self.unpacked or self.gzipped:
            what = "unpacks to" if self.unpacked else "is"
            return f"The file {what} more than {self.limit_bytes:,} bytes, the limit of a .csv.gz. {_UNPACK}"
        return f"The file is more than {self.limit_bytes:,} bytes, the limit. Split it and upload the parts."


@dataclass(eq=False, repr=False)
class TooManyRowsError(PermanentError):
    """A .csv.gz has more rows than one run can store in the function's time."""

    cause = "too_large"
    lines: int
    limit: int

    def __str__(self) -> str:
        """Say how many there are and how many may be."""
        return f"The file has {self.lines:,} lines; {self.limit:,} are the limit of a .csv.gz. {_UNPACK}"


class ObjectGoneError(PermanentError):
    """The object was deleted before it could be read. If it held orders, upload it again."""

    cause = "object_gone"


# Everything else: retried by SQS, dead-lettered after the last receive.


@dataclass(eq=False, repr=False)
class MessageError(WaybillError):
    """The message is neither an S3 event nor a command."""

    problem: str

    def __str__(self) -> str:
        """Say what stands in the message instead."""
        return f"The message is neither an S3 event nor a command: {self.problem}."


@dataclass(eq=False, repr=False)
class FileBusyError(WaybillError):
    """An earlier delivery of this very message still works on the file."""

    file_id: str
    free_in_s: int

    def __str__(self) -> str:
        """Say when the file is free again."""
        return f"File {self.file_id} is still being processed; its lease ends in {self.free_in_s} s."


@dataclass(eq=False, repr=False)
class LeaseLostError(WaybillError):
    """Another run has taken the file over."""

    file_id: str
    run_id: str

    def __str__(self) -> str:
        """Name the run that lost."""
        return f"Run {self.run_id} no longer holds file {self.file_id}: another run has taken it over."


@dataclass(eq=False, repr=False)
class RangesMissingError(WaybillError):
    """Some ranges of a file could not be stored."""

    missing: Sequence[int]
    ranges: int

    def __str__(self) -> str:
        """Say how many, and what becomes of the others."""
        return (
            f"{len(self.missing)} of {self.ranges} ranges of the file could not be stored, the first being number "
            f"{self.missing[0]}; the log says why. The next run stores these alone."
        )


class PlanMissingError(WaybillError):
    """The plan of the file's ranges is gone; the next run makes it again."""

    def __str__(self) -> str:
        """Say what is gone, and what becomes of the file."""
        return str(type(self).__doc__)


@dataclass(eq=False, repr=False)
class StepFailedError(WaybillError):
    """A step of the state machine failed for good."""

    cause: str
    words: str

    def __str__(self) -> str:
        """Say what the step said."""
        return self.words


@dataclass(eq=False, repr=False)
class OutOfTimeError(WaybillError):
    """The function's time is nearly up and the file is not finished."""

    rows: int
    remedy: str = "Raise memory_mb (more memory is more speed)"

    def __str__(self) -> str:
        """Say how far the run came and what would help."""
        return (
            f"The function's time ran out after {self.rows:,} rows. {self.remedy}, then redrive. "
            "Do not upload the file in parts: the rows so far are stored."
        )


@dataclass(eq=False, repr=False)
class ThrottledError(WaybillError):
    """DynamoDB kept refusing items for longer than is sensible to wait."""

    unprocessed: int
    attempts: int

    def __str__(self) -> str:
        """Say how many items were refused how often."""
        return f"DynamoDB left {self.unprocessed} orders unprocessed after {self.attempts} attempts."


@dataclass(eq=False, repr=False)
class LookupThrottledError(WaybillError):
    """DynamoDB kept leaving keys unprocessed for longer than a page may take."""

    unprocessed: int
    things: str = "orders"

    def __str__(self) -> str:
        """Say how many could not be read, and what to do."""
        return f"DynamoDB is busy: {self.unprocessed} {self.things} could not be read. Ask again in a few seconds."


@dataclass(eq=False, repr=False)
class IllegalTransitionError(WaybillError):
    """A file cannot move between these two states."""

    old: str | None
    new: str

    def __str__(self) -> str:
        """Name both states."""
        return f"A file that is {self.old or 'new'} cannot become {self.new}."


@dataclass(eq=False, repr=False)
class MessageFailedError(WaybillError):
    """One or more files of a message failed and are to be tried again."""

    failures: Sequence[BaseException]

    def __str__(self) -> str:
        """Join what went wrong with each file."""
        return "; ".join(f"{type(error).__name__}: {error}" for error in self.failures)
