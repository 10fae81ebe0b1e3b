"""Bytes become text or a reason: kind, compression, encoding, and the bounds of both."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.errors import (
    BadGzipError,
    EmptyFileError,
    NotCsvError,
    PermanentError,
    TooLargeError,
    WrongEncodingError,
)
from processor.parsing import decoding
from processor.parsing.decoding import ContentCheck
from tests.unit.processor.strategies import ANY_TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LIMIT = 10_000_000
SAMPLE = "order_id,customer_name\r\nA-1,Zoë 李 😀\r\n"


def check(
    blocks: Iterable[bytes], *, gzipped: bool = False, encoding: str = "utf-8", limit: int = LIMIT
) -> ContentCheck:
    """Check a file of these blocks."""
    return decoding.check(blocks, gzipped=gzipped, encoding=encoding, limit_bytes=limit)


def text(blocks: Iterable[bytes], *, gzipped: bool = False, encoding: str = "utf-8", limit: int = LIMIT) -> str:
    """Read the whole text of a file of these blocks."""
    return b"".join(decoding.text(blocks, gzipped=gzipped, encoding=encoding, limit_bytes=limit)).decode(
        errors="ignore"
    )


def halves(data: bytes) -> Iterator[list[bytes]]:
    """Cut data in two at every place in turn."""
    return ([data[:cut], data[cut:]] for cut in range(len(data) + 1))


def pack(data: bytes) -> bytes:
    """Compress without a timestamp, so that the bytes are the same at every run."""
    return gzip.compress(data, mtime=0)


# What the check finds


def test_sizes_and_digest_are_those_of_the_stored_bytes() -> None:
    """A plain file is as large unpacked as stored, and its digest is that of its bytes."""
    data = SAMPLE.encode()

    found = check([data[:7], b"", data[7:]])

    assert found == ContentCheck(len(data), len(data), data.count(b"\n"), hashlib.sha256(data).hexdigest())


def test_gzip_counts_stored_and_unpacked_bytes() -> None:
    """For gzip, stored size and digest are those of the packed bytes, the unpacked size is that of the text."""
    data = SAMPLE.encode() * 1_000
    packed = pack(data)

    found = check([packed], gzipped=True)

    assert found == ContentCheck(len(packed), len(data), data.count(b"\n"), hashlib.sha256(packed).hexdigest())


@pytest.mark.parametrize("blocks", [[], [b""], [b"", b""]])
@pytest.mark.parametrize("gzipped", [False, True])
def test_file_without_bytes_is_empty(blocks: list[bytes], gzipped: bool) -> None:
    """No bytes are an empty file, under either name."""
    with pytest.raises(EmptyFileError):
        check(blocks, gzipped=gzipped)


def test_gzip_of_nothing_is_empty() -> None:
    """A gzip file that unpacks to nothing is an empty file."""
    with pytest.raises(EmptyFileError):
        check([pack(b"")], gzipped=True)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG picture"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"GIF89a", "a GIF picture"),
        (b"%PDF-1.7", "a PDF document"),
        (b"PK\x03\x04\x14\0", "a ZIP archive or an Excel workbook (.xlsx)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.xls, .doc)"),
        (b"\x1f\x8b\x08\0", "gzip data without the name .csv.gz"),
        (b"PAR1\x15", "a Parquet file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"{\\rtf1", "a rich text document"),
        (b"\x7fELF\x02", "a program"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_other_kinds_of_file_are_named(start: bytes, kind: str, encoding: str) -> None:
    """A file of another kind under a CSV's name is named for what it is, whatever encoding was declared."""
    with pytest.raises(NotCsvError) as caught:
        check([start + b"\0" * 100], encoding=encoding)

    assert caught.value.kind == kind


def test_other_kind_inside_gzip_is_named() -> None:
    """What counts is what the gzip file holds."""
    with pytest.raises(NotCsvError) as caught:
        check([pack(b"%PDF-1.7 ...")], gzipped=True)

    assert caught.value.kind == "a PDF document"


def test_signature_counts_at_the_start_only() -> None:
    """Text that merely mentions a signature is text."""
    data = b"order_id\n%PDF-1.7 PK\x03\x04\n"

    found = check([data[:9], data[9:]])

    assert found.unpacked_bytes == len(data)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_with_a_mark_says_so(encoding: str) -> None:
    """What Excel calls Unicode text is UTF-16; the message says how to save it instead."""
    data = SAMPLE.encode(encoding)
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")

    with pytest.raises(WrongEncodingError) as caught:
        check([mark + data])

    assert caught.value.line == 1
    assert "It is UTF-16" in str(caught.value)


# Encodings


def test_byte_order_mark_is_no_part_of_the_text() -> None:
    """UTF-8 is read with or without a byte order mark, wherever the blocks end."""
    marked = SAMPLE.encode("utf-8-sig")

    texts = {text(blocks) for blocks in halves(marked)} | {text(blocks) for blocks in halves(SAMPLE.encode())}

    assert texts == {SAMPLE}


def test_sequences_may_be_cut_at_every_block_boundary() -> None:
    """A character whose bytes lie in two blocks, or in blocks of one byte each, is read whole."""
    data = SAMPLE.encode()

    texts = {text(blocks) for blocks in halves(data)} | {text(bytes([byte]) for byte in data)}
    sizes = {check(blocks).unpacked_bytes for blocks in halves(data)}

    assert texts == {SAMPLE}
    assert sizes == {len(data)}


def test_cp1252_is_read_when_declared() -> None:
    """Windows-1252 is read as such, and never guessed."""
    data = "Zoë;5 €;„x“".encode("cp1252")

    found = check([data], encoding="cp1252")

    assert text([data], encoding="cp1252") == "Zoë;5 €;„x“"
    assert found.unpacked_bytes == len(data)
    with pytest.raises(WrongEncodingError):
        check([data])


@pytest.mark.parametrize("wrong", [b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\x80"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_wrong_byte_is_named_by_its_line(wrong: bytes, mark: bytes) -> None:
    """The line number and the byte are right wherever the blocks end: lone bytes, surrogates, overlong forms."""
    data = mark + "ä\n\nü€\n😀".encode() + wrong + b"\nmore\n"
    found = set()

    for blocks in halves(data):
        with pytest.raises(WrongEncodingError) as caught:
            check(blocks)
        found.add((caught.value.line, caught.value.byte, caught.value.encoding))

    assert found == {(4, wrong[0], "UTF-8")}


@pytest.mark.parametrize("end", [b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"])
def test_character_cut_off_at_the_end_is_wrong(end: bytes) -> None:
    """A file that ends within a character is no UTF-8, and the last line is to blame."""
    with pytest.raises(WrongEncodingError) as caught:
        check([b"a\nb\nc", end])

    assert (caught.value.line, caught.value.byte) == (3, end[0])


def test_byte_that_cp1252_lacks_is_named() -> None:
    """Windows-1252 leaves five bytes undefined; the message names the encoding that was declared."""
    with pytest.raises(WrongEncodingError) as caught:
        check([b"a\n\x81"], encoding="cp1252")

    assert str(caught.value).startswith("Line 2 holds the byte 0x81, which is not CP1252.")


@given(ANY_TEXT, st.sampled_from(["utf-8", "utf-8-sig"]), st.booleans(), st.data())
def test_text_comes_back_whatever_the_blocks(written: str, codec: str, gzipped: bool, data: st.DataObject) -> None:
    """Property: any text without a mark of its own is read back, plain or packed, cut into blocks anywhere."""
    written = "order_id" + written
    stored = pack(written.encode(codec)) if gzipped else written.encode(codec)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stored)), max_size=6)))
    blocks = [stored[start:end] for start, end in pairwise([0, *cuts, len(stored)])]

    found = check(blocks, gzipped=gzipped)

    assert text(blocks, gzipped=gzipped) == written
    assert found == ContentCheck(
        len(stored), len(written.encode(codec)), written.count("\n"), hashlib.sha256(stored).hexdigest()
    )


@given(st.binary(max_size=200), st.sampled_from(["utf-8", "cp1252"]), st.booleans())
def test_check_and_text_agree(data: bytes, encoding: str, packed: bool) -> None:
    """Property: what passes the check can be read as text, and what does not is a permanent error."""
    stored = pack(data) if packed else data

    try:
        found = check([stored], gzipped=packed, encoding=encoding)
    except PermanentError:
        return

    read = text([stored], gzipped=packed, encoding=encoding)
    assert found.unpacked_bytes == len(data)
    # Python's codec also drops half a mark that is all there is; such a file then fails for want of a header.
    assert read.encode(encoding) in {data, data.removeprefix(b"\xef\xbb\xbf")} or data in {b"\xef", b"\xef\xbb"}


@given(st.binary(max_size=300))
def test_arbitrary_bytes_as_gzip_raise_nothing_but_permanent_errors(data: bytes) -> None:
    """Property: whatever bytes come under the name .csv.gz, they are read or fail permanently."""
    for stored in (data, b"\x1f\x8b\x08" + data, pack(b"order_id\n") + data):
        try:
            found = check([stored], gzipped=True)
        except PermanentError:
            continue

        assert found.stored_bytes == len(stored)


# Gzip


def test_members_are_read_one_after_the_other() -> None:
    """Several gzip members (what `cat a.gz b.gz` makes) are one text, wherever the blocks end."""
    packed = pack(b"order_id\n") + pack(b"") + pack(b"A-1\n")

    texts = {text(blocks, gzipped=True) for blocks in halves(packed)}

    assert texts == {"order_id\nA-1\n"}


def test_padding_with_zero_bytes_is_ignored() -> None:
    """Zero bytes behind a member, as tape and block devices leave them, are no damage, wherever the blocks end."""
    packed = pack(b"order_id\n") + b"\0" * 40 + pack(b"A-1\n") + b"\0" * 40

    texts = {text(blocks, gzipped=True) for blocks in halves(packed)}
    sizes = {check(blocks, gzipped=True).unpacked_bytes for blocks in halves(packed)}

    assert texts == {"order_id\nA-1\n"}
    assert sizes == {13}


def test_gzip_cut_off_anywhere_is_an_error() -> None:
    """Wherever an upload broke off, the file fails rather than losing its last rows in silence."""
    packed = pack("".join(f"A-{number},Zoë\n" for number in range(300)).encode())
    problems = set()

    for cut in range(1, len(packed)):
        with pytest.raises(BadGzipError) as caught:
            check([packed[:cut]], gzipped=True)
        problems.add(caught.value.problem)

    assert problems == {"it ends in the middle"}


def test_second_member_cut_off_anywhere_is_an_error() -> None:
    """The same holds for a later member, down to its first byte."""
    first, second = pack(b"order_id\n"), pack(b"A-1\n")
    problems = set()

    for cut in range(1, len(second)):
        with pytest.raises(BadGzipError) as caught:
            check([first, second[:cut]], gzipped=True)
        problems.add(caught.value.problem)

    assert problems == {"it ends in the middle"}


@pytest.mark.parametrize(
    "data", [b"order_id,customer_name\n", b"\0\0\0\0", b"PK\x03\x04", b"\x1f\x8c\x08", b"\xef\xbb\xbf"]
)
def test_plain_bytes_under_a_gzip_name_are_no_gzip(data: bytes) -> None:
    """A .csv.gz that never was gzip says so."""
    with pytest.raises(BadGzipError) as caught:
        check([data], gzipped=True)

    assert caught.value.problem == "it is not gzip data"


def test_damaged_gzip_is_an_error() -> None:
    """A wrong checksum, a wrong length or rubbish behind the last member is damage."""
    packed = pack(SAMPLE.encode() * 50)
    wrong_checksum = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    wrong_length = packed[:-1] + bytes([packed[-1] ^ 1])
    problems = []

    for damaged in (wrong_checksum, wrong_length, packed + b"rubbish"):
        with pytest.raises(BadGzipError) as caught:
            check([damaged], gzipped=True)
        problems.append(caught.value.problem)

    assert problems == ["it is damaged"] * 3


def test_flipped_bit_never_passes_unnoticed() -> None:
    """Whichever bit of the packed data is flipped, the file fails permanently (the checksum sees it)."""
    packed = pack(SAMPLE.encode())
    passed = []

    for place in range(10, len(packed)):  # The ten bytes in front hold name, time and system, which no checksum covers.
        damaged = packed[:place] + bytes([packed[place] ^ 0x10]) + packed[place + 1 :]
        try:
            check([damaged], gzipped=True)
        except PermanentError:
            continue
        passed.append(place)

    assert passed == []


@pytest.mark.parametrize(("size", "passes"), [(1_000, True), (1_001, False)])
def test_limit_counts_unpacked_bytes(size: int, passes: bool) -> None:
    """A file that unpacks to exactly the limit is read, one byte more is too large."""
    packed = pack(b"x" * size)

    if passes:
        assert check([packed], gzipped=True, limit=1_000).unpacked_bytes == size
        return

    with pytest.raises(TooLargeError) as caught:
        check([packed], gzipped=True, limit=1_000)
    assert str(caught.value) == str(TooLargeError(1_000, unpacked=True))


def test_limit_counts_all_members_together() -> None:
    """Many small members do not get round the limit."""
    with pytest.raises(TooLargeError):
        check([pack(b"x" * 600)] * 2, gzipped=True, limit=1_000)


def test_bomb_is_unpacked_in_bounded_pieces_up_to_the_limit() -> None:
    """A gzip bomb is never unpacked further than the limit, nor in pieces larger than a slice."""
    bomb = pack(b"\0" * 20_000_000)
    pieces: list[int] = []
    sizes = map(len, decoding.text([bomb], gzipped=True, encoding="utf-8", limit_bytes=2_000_000))

    with pytest.raises(TooLargeError):
        pieces.extend(sizes)

    assert max(pieces) <= 256 * 1024
    assert 2_000_000 - 256 * 1024 <= sum(pieces) <= 2_000_000


def test_plain_text_comes_in_small_pieces() -> None:
    """A large block is decoded piece by piece, since text and its lines are several times larger."""
    pieces = list(decoding.text([b"x" * 1_000_000], gzipped=False, encoding="utf-8", limit_bytes=LIMIT))

    assert max(map(len, pieces)) <= 256 * 1024
    assert sum(map(len, pieces)) == 1_000_000


def test_many_members_cost_linear_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """What zlib hands back behind a member is never a whole large block, so many tiny members cost no square of it."""
    given_bytes = []
    make = zlib.decompressobj

    class Recorder:
        """Remembers how many bytes each call was given."""

        def __init__(self, wbits: int) -> None:
            self._inner = make(wbits=wbits)

        def __getattr__(self, name: str) -> object:
            return getattr(self._inner, name)

        def decompress(self, data: bytes, most: int) -> bytes:
            """Record and pass on."""
            given_bytes.append(len(data))
            return self._inner.decompress(data, most)

    monkeypatch.setattr(zlib, "decompressobj", Recorder)
    members = pack(b"") * 10_000

    with pytest.raises(EmptyFileError):
        check([members], gzipped=True)

    assert sum(given_bytes) <= 1_000 * len(members)
