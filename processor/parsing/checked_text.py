"""The text of a file, checked and hashed as it passes: one reading proves it to be text, and hands it on. Pure.

A file is read twice, once to be checked and once to be stored. That costs a second GET and a few microseconds a row; in
return a file fails or is held before its first order is stored, or not at all.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from processor.domain.errors import EmptyFileError, PermanentError
from processor.parsing import decoding
from processor.parsing.decoding import ContentCheck, EncodingChecker
from processor.parsing.reader import RowReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_AT_ONCE = 65_536
"""Line ends that are hashed at once: a file may be nothing but line ends."""


class CheckedText:
    """Iterates over the text of a file once, in UTF-8 without a byte order mark.

    Raises meanwhile :class:`EmptyFileError`, :class:`NotCsvError`, :class:`BadGzipError`, :class:`TooLargeError`
    (unpacked size) or :class:`WrongEncodingError`.
    """

    def __init__(self, blocks: Iterable[bytes], *, gzipped: bool, encoding: str, limit_bytes: int) -> None:
        self._stored_bytes = self._unpacked_bytes = 0
        self.has_passed = False
        """Whether all of the text has passed, and is text."""
        self._stored_digest, self._text_digest = hashlib.sha256(), _TextDigest()
        self._checker = EncodingChecker(encoding)
        unpacked = decoding.unpack(self._count(blocks), gzipped=gzipped, limit_bytes=limit_bytes)
        self._text = self._digest(decoding.text(self._check(unpacked), gzipped=False, encoding=encoding, limit_bytes=0))

    def __iter__(self) -> Iterator[bytes]:
        return self._text

    def open_reader(self) -> RowReader:
        """Read the header; raises :class:`PermanentError`: a wrong byte anywhere is reported before a wrong header."""
        try:
            return RowReader(self._text)
        except PermanentError:
            for _ in self._text:
                pass
            raise

    def result(self) -> ContentCheck:
        """Return the findings, once all of the text has passed: :attr:`has_passed`."""
        digest = self._text_digest
        return ContentCheck(
            self._stored_bytes,
            self._unpacked_bytes,
            self._checker.lines,
            self._stored_digest.hexdigest(),
            self._checker.is_ascii,
            digest.sha256.hexdigest(),
            digest.has_line_end,
        )

    def _count(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._stored_digest.update(block)
            self._stored_bytes += len(block)
            yield block

    def _check(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if not self._unpacked_bytes:
                decoding.refuse_other_kinds(piece)
            self._unpacked_bytes += len(piece)
            self._checker.feed(piece)
            yield piece
        self._checker.feed(b"", final=True)
        if not self._unpacked_bytes:
            raise EmptyFileError
        self.has_passed = True

    def _digest(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._text_digest.feed(piece)
            yield piece


class _TextDigest:
    """Hashes a text, LF and CRLF alike, and without the line ends at its very end."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()
        self.has_line_end = False
        """Whether nothing but spaces stands behind the last line end."""
        self._line_ends = 0
        """Those that are not hashed yet, as nothing has followed them."""
        self._after_return = b""
        """A carriage return at the end of the piece before: a line feed may follow."""

    def feed(self, piece: bytes) -> None:
        text = self._after_return + piece if self._after_return else piece
        self._after_return = b"\r" if text.endswith(b"\r") else b""
        if b"\r" in text:
            text = text.removesuffix(b"\r").replace(b"\r\n", b"\n")
        if not text:
            return
        last_line = text[text.rfind(b"\n") + 1 :]
        is_blank = not last_line.strip(b" \r")
        self.has_line_end = is_blank and (self.has_line_end or len(last_line) < len(text))
        body = text.rstrip(b"\n")
        if body:
            while self._line_ends:
                some = min(self._line_ends, _MOST_AT_ONCE)
                self.sha256.update(b"\n" * some)
                self._line_ends -= some
            self.sha256.update(body)
        self._line_ends += len(text) - len(body)
