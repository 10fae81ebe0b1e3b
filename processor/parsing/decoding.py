"""Turns the bytes of a file into UTF-8 text, and knows what is none: kind of file, compression, encoding. Pure."""

from __future__ import annotations

import codecs
import zlib
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.errors import BadGzipError, NotCsvError, TooLargeError, WrongEncodingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENCODINGS = {"utf-8": "utf-8-sig", "cp1252": "cp1252"}
"""The encodings that an upload may declare, each with its codec (UTF-8 with or without byte order mark)."""

_ALIASES = {"utf8": "utf-8", "windows-1252": "cp1252"}

SLICE = 128 * 1024
"""Bytes decoded at a time: text and its split lines are several times larger, and should stay in the CPU's cache."""
_PACKED_SLICE = 16 * 1024
"""Bytes unpacked at a time: zlib copies the rest of them after every member and piece."""
_GZIP_MAGIC = b"\x1f\x8b"
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (.xlsx)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.xls, .doc)"),
    (_GZIP_MAGIC, "gzip data without the name .csv.gz"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"{\\rtf", "a rich text document"),
    (b"\x7fELF", "a program"),
)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class ContentCheck(NamedTuple):
    """Findings of the check: sizes in bytes as stored and as unpacked, lines, the SHA-256 of the bytes as stored."""

    stored_bytes: int
    unpacked_bytes: int
    lines: int
    sha256: str
    is_ascii: bool = False
    """Whether the text is known to be the same in every encoding."""
    text_sha256: str = ""
    """Equal for the same text however it was saved: unpacked, in UTF-8 without byte order mark, CRLF counted as LF, and
    without the line ends at its very end."""
    has_line_end: bool = True
    """Whether the last row ends with a line end: one without may be cut off."""


def encoding_name(declared: str) -> str:
    """Return the name of a declared encoding as :data:`ENCODINGS` has it, if it is one of them."""
    encoding = declared.lower()
    return _ALIASES.get(encoding, encoding)


def text(blocks: Iterable[bytes], *, gzipped: bool, encoding: str, limit_bytes: int) -> Iterator[bytes]:
    """Yield the text of a file that was checked, in small pieces of UTF-8 without a byte order mark.

    Pieces may end in the middle of a character.
    """
    pieces = unpack(blocks, gzipped=gzipped, limit_bytes=limit_bytes)
    if encoding == "utf-8":
        start = b""
        for piece in pieces:
            start += piece
            if len(start) >= len(codecs.BOM_UTF8):
                break
        yield start.removeprefix(codecs.BOM_UTF8)
        yield from pieces
    else:
        for piece in pieces:
            yield piece.decode(ENCODINGS[encoding]).encode()


def unpack(blocks: Iterable[bytes], *, gzipped: bool, limit_bytes: int) -> Iterator[bytes]:
    """Yield a file's bytes in small pieces; raises :class:`BadGzipError` and :class:`TooLargeError`."""
    return _unzip(blocks, limit_bytes) if gzipped else slices(blocks)


def slices(blocks: Iterable[bytes], size: int = SLICE) -> Iterator[bytes]:
    """Cut blocks into pieces of at most ``size`` bytes."""
    for block in blocks:
        for start in range(0, len(block), size):
            yield block[start : start + size]


def _unzip(blocks: Iterable[bytes], limit_bytes: int) -> Iterator[bytes]:
    """Unpack gzip (RFC 1952, also of several members) by bounded slices, so that a bomb costs no memory."""
    unpacker = zlib.decompressobj(wbits=31)
    unpacked = 0
    started = False
    for packed in slices(blocks, _PACKED_SLICE):
        pending = packed
        while pending:
            if unpacker.eof:  # The next member begins; gzip allows zero bytes before it.
                pending = pending.lstrip(b"\0")
                if not pending:
                    break
                unpacker = zlib.decompressobj(wbits=31)
            try:
                piece = unpacker.decompress(pending, SLICE)
            except zlib.error as error:
                never_gzip = not started and "header check" in str(error)
                raise BadGzipError("it is not gzip data" if never_gzip else "it is damaged") from error
            started = True
            pending = unpacker.unconsumed_tail or unpacker.unused_data
            unpacked += len(piece)
            if unpacked > limit_bytes:
                raise TooLargeError(limit_bytes, unpacked=True)
            if piece:
                yield piece
    if started and not unpacker.eof:
        raise BadGzipError("it ends in the middle")


def refuse_other_kinds(start: bytes) -> None:
    """Raise :class:`NotCsvError` or :class:`WrongEncodingError` if a file that begins so is of another kind."""
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            raise NotCsvError(kind)
    if start.startswith(_UTF16_MARKS):
        raise WrongEncodingError("UTF-8", line=1, byte=start[0], hint="It is UTF-16; save it as CSV UTF-8 instead.")


class EncodingChecker:
    """Decodes text to nothing, and counts its lines to name the place of a wrong byte."""

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(ENCODINGS[encoding])()
        self.lines = 0
        """The number of line feeds so far."""
        self.is_ascii = True
        """Whether all bytes so far are ASCII."""

    def feed(self, piece: bytes, *, final: bool = False) -> None:
        """Decode the next piece; raises :class:`WrongEncodingError`."""
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            # error.object begins with bytes of the piece before, if the decoder held some. They hold no line feed.
            line = self.lines + error.object.count(b"\n", 0, error.start) + 1
            raise WrongEncodingError(self._encoding.upper(), line, error.object[error.start]) from error
        self.lines += piece.count(b"\n")
        self.is_ascii = self.is_ascii and piece.isascii()
