"""Errors about a whole file or message.

Two families decide behaviour. A :class:`PermanentError` is the file's own fault: it is recorded, a mail is sent, and
nothing retries. Every other error is raised, so that SQS delivers the message again and, after the last receive,
dead-letters it. A rejected *row* is a value, not an error (``processor.domain.columns``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.domain.object_keys import ObjectVersion

_UNPACK = "Upload it unpacked, as .csv: only that can be read in ranges."


class WaybillError(Exception):
    """Something went wrong in Waybill."""

    message: ClassVar[str] = ""
    """The text of the error, with its fields in braces. Without a message the text is the docstring."""

    def __str__(self) -> str:
        if not self.message:
            return str(type(self).__doc__)
        fields = {
            name: ", ".join(value) if isinstance(value, list | tuple) else value for name, value in vars(self).items()
        }
        return self.message.format_map(fields)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


# The file's own fault: failed at once.


@dataclass(eq=False, repr=False)
class PermanentError(WaybillError):
    """The file cannot be read as an order file, and trying again would not help."""

    cause: ClassVar[str] = "unreadable"
    """A constant word for lists, filters and metrics; the message is for people."""


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
    message = "{problem} The first line must name the columns, separated by comma, semicolon, tab or |."
    problem: str


@dataclass(eq=False, repr=False)
class MissingColumnError(PermanentError):
    """The header lacks columns that every order needs."""

    cause = "missing_column"
    message = "The header lacks {missing}. Add what is missing and upload the file again."
    missing: Sequence[str]


@dataclass(eq=False, repr=False)
class DuplicateColumnError(PermanentError):
    """The header names a column twice, so its value would be a guess."""

    cause = "duplicate_column"
    message = "The header names {duplicated} more than once. Keep one of each and upload again."
    duplicated: Sequence[str]


@dataclass(eq=False, repr=False)
class WrongEncodingError(PermanentError):
    """The bytes are not text in the encoding that was promised."""

    cause = "wrong_encoding"
    message = "Line {line} holds the byte 0x{byte:02X}, which is not {encoding}. {hint}"
    encoding: str
    line: int
    byte: int
    hint: str = (
        "Save the file as UTF-8, or upload it with the object metadata `encoding: cp1252` if it is Windows-1252."
    )


@dataclass(eq=False, repr=False)
class UnknownEncodingError(PermanentError):
    """The upload declares an encoding that is not offered."""

    cause = "wrong_encoding"
    message = "The upload declares the encoding {declared!r:.40}; use one of {offered}."
    declared: str
    offered: Sequence[str]


@dataclass(eq=False, repr=False)
class NotCsvError(PermanentError):
    """The file is another kind of file under a CSV's name."""

    cause = "not_csv"
    message = "This is {kind}, not CSV text. Export it as CSV (UTF-8) and upload that."
    kind: str


class WrongNameError(PermanentError):
    """The object's name does not end in .csv or .csv.gz, so it is not read. Rename the file and upload it again."""

    cause = "wrong_name"


@dataclass(eq=False, repr=False)
class BadGzipError(PermanentError):
    """A .csv.gz that does not unpack."""

    cause = "bad_gzip"
    message = "The file cannot be unpacked: {problem}. Compress and upload it again."
    problem: str


@dataclass(eq=False, repr=False)
class TooLargeError(PermanentError):
    """The file is larger than one run may read."""

    cause = "too_large"
    limit_bytes: int
    unpacked: bool = False
    gzipped: bool = False

    def __str__(self) -> str:
        if self.unpacked or self.gzipped:
            what = "unpacks to" if self.unpacked else "is"
            return f"The file {what} more than {self.limit_bytes:,} bytes, the limit of a .csv.gz. {_UNPACK}"
        return f"The file is more than {self.limit_bytes:,} bytes, the limit. Split it and upload the parts."


@dataclass(eq=False, repr=False)
class TooManyRowsError(PermanentError):
    """A .csv.gz has more rows than one run can store in the function's time."""

    cause = "too_large"
    message = f"The file has {{lines:,}} lines; a .csv.gz may have {{limit:,}}. {_UNPACK}"
    lines: int
    limit: int


@dataclass(eq=False, repr=False)
class ObjectGoneError(PermanentError):
    """The object was deleted before it could be read."""

    cause = "object_gone"
    stored: int = 0
    """Orders that an earlier run has settled."""

    def __str__(self) -> str:
        rest = f"Its {self.stored:,} orders stay as they are." if self.stored else "If it held orders, upload it again."
        return f"The object was deleted before it could be read. {rest}"


@dataclass(eq=False, repr=False)
class ObjectLostError(PermanentError):
    """The object was deleted for good after a run had begun to store its rows."""

    cause = "object_lost"
    stored: int
    """Rows that are known to be stored."""
    is_exact: bool = False
    """Whether no other row is."""

    def __str__(self) -> str:
        known = f"{self.stored:,} of its rows are" if self.stored else "rows of it may be"
        more = ", and more may be" if self.stored and not self.is_exact else ""
        return (
            f"The object was deleted while it was being read: {known} stored as orders{more}. Look up which orders are "
            "there, and upload only the missing rows; the whole file again brings the others a second time."
        )


# All others: retried by SQS, dead-lettered after the last receive.


@dataclass(eq=False, repr=False)
class MessageError(WaybillError):
    """The message is neither an S3 event nor a command."""

    message = "The message is neither an S3 event nor a command: {problem}."
    problem: str


@dataclass(eq=False, repr=False)
class FileBusyError(WaybillError):
    """A run for an earlier delivery of the same message still holds the file."""

    message = "File {file_id} is still being processed; its lease ends in {free_in_s} s."
    file_id: str
    free_in_s: int


class OrdersBusyError(FileBusyError):
    """Orders of the file are being taken back."""

    message = "Orders of file {file_id} are being taken back; its message comes again in {free_in_s} s."


@dataclass(eq=False, repr=False)
class FileForgottenError(WaybillError):
    """The object is another version of a file that is in the ledger, which says all that is to be said."""

    message = "It is the same upload as file {same_as}."
    source: ObjectVersion
    same_as: str


@dataclass(eq=False, repr=False)
class LeaseLostError(WaybillError):
    """Another run has taken the file over."""

    message = "Run {run_id} no longer holds file {file_id}: another run has taken it over."
    file_id: str
    run_id: str


@dataclass(eq=False, repr=False)
class RangesMissingError(WaybillError):
    """Some ranges of a file could not be stored."""

    missing: Sequence[int]
    ranges: int

    def __str__(self) -> str:
        return (
            f"{len(self.missing)} of {self.ranges} ranges of the file could not be stored, the first being number "
            f"{self.missing[0]}; the log says why. The next run stores these alone."
        )


class PlanMissingError(WaybillError):
    """The plan of the file's ranges is gone; the next run makes it again."""


@dataclass(eq=False, repr=False)
class StepFailedError(WaybillError):
    """A step of the state machine failed for good."""

    message = "{words}"
    cause: str
    words: str


@dataclass(eq=False, repr=False)
class OutOfTimeError(WaybillError):
    """The function's time is nearly up and the file is not finished."""

    message = (
        "The function's time ran out after {rows:,} rows. {remedy}, then redrive. "
        "Do not upload the file in parts: the rows so far are stored."
    )
    rows: int
    remedy: str = "Raise memory_mb (more memory is more speed)"


@dataclass(eq=False, repr=False)
class ThrottledError(WaybillError):
    """DynamoDB refused items for longer than a run waits."""

    message = "DynamoDB left {unprocessed} orders unprocessed after {attempts} attempts."
    unprocessed: int
    attempts: int


@dataclass(eq=False, repr=False)
class LookupThrottledError(WaybillError):
    """DynamoDB left keys unprocessed for longer than a page may take."""

    message = "DynamoDB is busy: {unprocessed} {things} could not be read. Ask again in a few seconds."
    unprocessed: int
    things: str = "orders"


@dataclass(eq=False, repr=False)
class IllegalTransitionError(WaybillError):
    """A file cannot move between these two states."""

    old: str | None
    new: str

    def __str__(self) -> str:
        return f"A file that is {self.old or 'new'} cannot become {self.new}."


@dataclass(eq=False, repr=False)
class OrdersGoingBackError(WaybillError):
    """Orders of the file are being taken back."""

    message = (
        "Orders of it are being taken back by the action {action_id}. Wait until that has ended; "
        "one that was stopped or stands still has to go on first."
    )
    action_id: str


@dataclass(eq=False, repr=False)
class MessageFailedError(WaybillError):
    """One or more files of a message failed and are to be tried again."""

    failures: Sequence[BaseException]

    def __str__(self) -> str:
        return "; ".join(f"{type(error).__name__}: {error}" for error in self.failures)
