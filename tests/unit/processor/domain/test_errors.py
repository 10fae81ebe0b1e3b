"""Errors say in words that a person can act on what is wrong, and which family they belong to."""

from __future__ import annotations

import pytest

from processor.domain.errors import (
    BadGzipError,
    DuplicateColumnError,
    EmptyFileError,
    FileBusyError,
    LeaseLostError,
    MessageError,
    MessageFailedError,
    MissingColumnError,
    NoHeaderError,
    NoRowsError,
    NotCsvError,
    ObjectGoneError,
    ObjectLostError,
    OutOfTimeError,
    PermanentError,
    RangesMissingError,
    StepFailedError,
    ThrottledError,
    TooLargeError,
    TooManyRowsError,
    UnknownEncodingError,
    WaybillError,
    WrongEncodingError,
    WrongNameError,
)

PERMANENT = [
    (EmptyFileError(), "empty", "no bytes"),
    (NoRowsError(), "no_rows", "a header and no rows"),
    (NoHeaderError("It is a poem."), "no_header", "It is a poem."),
    (MissingColumnError(["quantity", "unit_price"]), "missing_column", "lacks quantity, unit_price."),
    (DuplicateColumnError(["quantity"]), "duplicate_column", "names quantity more than once"),
    (WrongEncodingError("UTF-8", 3, 0xE4), "wrong_encoding", "Line 3 holds the byte 0xE4, which is not UTF-8."),
    (UnknownEncodingError("latin9", ["utf-8", "cp1252"]), "wrong_encoding", "'latin9'; use one of utf-8, cp1252."),
    (NotCsvError("a PNG picture"), "not_csv", "This is a PNG picture, not CSV text."),
    (WrongNameError(), "wrong_name", "does not end in .csv or .csv.gz"),
    (BadGzipError("it is damaged"), "bad_gzip", "cannot be unpacked: it is damaged."),
    (TooLargeError(1_000_000), "too_large", "is more than 1,000,000 bytes"),
    (TooLargeError(1_000_000, unpacked=True), "too_large", "unpacks to more than 1,000,000 bytes"),
    (TooLargeError(1_000_000, gzipped=True), "too_large", "is more than 1,000,000 bytes, the limit of a .csv.gz"),
    (TooManyRowsError(1_200_000, 1_000_000), "too_large", "has 1,200,000 lines; a .csv.gz may have 1,000,000."),
    (ObjectGoneError(), "object_gone", "deleted before it could be read. If it held orders, upload it again."),
    (ObjectGoneError(25_000), "object_gone", "Its 25,000 orders stay as they are."),
    (ObjectLostError(15_000), "object_lost", "15,000 of its rows are stored as orders, and more may be."),
    (ObjectLostError(15_000, is_exact=True), "object_lost", "15,000 of its rows are stored as orders. Look up"),
    (ObjectLostError(0), "object_lost", "rows of it may be stored as orders. Look up"),
]
OTHERS = [
    (MessageError("it is not JSON"), "it is not JSON."),
    (FileBusyError("0123", 7), "its lease ends in 7 s."),
    (LeaseLostError("0123", "r1"), "Run r1 no longer holds file 0123"),
    (OutOfTimeError(1_234_567), "after 1,234,567 rows"),
    (RangesMissingError([3, 5], 9), "2 of 9 ranges of the file could not be stored, the first being number 3"),
    (StepFailedError("Lambda.Unknown", "it was killed"), "it was killed"),
    (ThrottledError(7, 9), "left 7 orders unprocessed after 9 attempts"),
    (
        MessageFailedError([ValueError("one"), EmptyFileError()]),
        "ValueError: one; EmptyFileError: The file has no bytes.",
    ),
]


@pytest.mark.parametrize(("error", "cause", "says"), PERMANENT, ids=lambda value: type(value).__name__)
def test_permanent_errors_say_what_to_do(error: PermanentError, cause: str, says: str) -> None:
    """A file's own fault has a constant cause for machines and a message for people, which ends as a sentence."""
    assert error.cause == cause
    assert says in str(error)
    assert str(error).endswith(".")


@pytest.mark.parametrize(("error", "says"), OTHERS, ids=lambda value: type(value).__name__)
def test_other_errors_are_retried(error: WaybillError, says: str) -> None:
    """Everything else is ours but not the file's fault, and says what happened."""
    assert not isinstance(error, PermanentError)
    assert says in str(error)


def test_every_cause_is_a_word() -> None:
    """Each permanent error names a cause of its own kind, none keeps the family's default."""
    causes = {kind.__name__: kind.cause for kind in PermanentError.__subclasses__()}

    assert "unreadable" not in causes.values()
    assert {type(error).__name__ for error, _, _ in PERMANENT} == causes.keys()
