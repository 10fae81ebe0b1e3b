"""Bytes become text or a reason: kind, encoding and size."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.errors import EmptyFileError, NotCsvError, PermanentError, WrongEncodingError
from tests.unit.processor.parsing.whole_files import SAMPLE, check_file, compress, cut_in_two, read_text
from tests.unit.processor.strategies import ANY_TEXT

# What the check finds


def test_sizes_and_digest_are_those_of_the_stored_bytes() -> None:
    """A plain file is as large unpacked as stored, and its digest is that of its bytes."""
    data = SAMPLE.encode()

    found = check_file([data[:7], b"", data[7:]])

    assert found[:5] == (len(data), len(data), data.count(b"\n"), hashlib.sha256(data).hexdigest(), data.isascii())


def test_gzip_counts_stored_and_unpacked_bytes() -> None:
    """For gzip, stored size and digest are those of the packed bytes, the unpacked size is that of the text."""
    data = SAMPLE.encode() * 1_000
    packed = compress(data)

    found = check_file([packed], gzipped=True)

    assert found[:5] == (len(packed), len(data), data.count(b"\n"), hashlib.sha256(packed).hexdigest(), data.isascii())


@pytest.mark.parametrize("blocks", [[], [b""], [b"", b""]])
@pytest.mark.parametrize("gzipped", [False, True])
def test_file_without_bytes_is_empty(blocks: list[bytes], gzipped: bool) -> None:
    """No bytes are an empty file, under either name."""
    with pytest.raises(EmptyFileError):
        check_file(blocks, gzipped=gzipped)


def test_gzip_of_nothing_is_empty() -> None:
    """A gzip file that unpacks to nothing is an empty file."""
    with pytest.raises(EmptyFileError):
        check_file([compress(b"")], gzipped=True)


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
        check_file([start + b"\0" * 100], encoding=encoding)

    assert caught.value.kind == kind


def test_other_kind_inside_gzip_is_named() -> None:
    """A gzip file is judged by its content."""
    with pytest.raises(NotCsvError) as caught:
        check_file([compress(b"%PDF-1.7 ...")], gzipped=True)

    assert caught.value.kind == "a PDF document"


def test_signature_counts_at_the_start_only() -> None:
    """Text that merely mentions a signature is text."""
    data = b"order_id\n%PDF-1.7 PK\x03\x04\n"

    found = check_file([data[:9], data[9:]])

    assert found.unpacked_bytes == len(data)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_with_a_mark_says_so(encoding: str) -> None:
    """Excel's Unicode text is UTF-16; the message says how to save it instead."""
    data = SAMPLE.encode(encoding)
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")

    with pytest.raises(WrongEncodingError) as caught:
        check_file([mark + data])

    assert caught.value.line == 1
    assert "It is UTF-16" in str(caught.value)


# Encodings


def test_byte_order_mark_is_no_part_of_the_text() -> None:
    """UTF-8 is read with or without a byte order mark, wherever the blocks end."""
    marked = SAMPLE.encode("utf-8-sig")

    texts = {read_text(blocks) for blocks in cut_in_two(marked)} | {
        read_text(blocks) for blocks in cut_in_two(SAMPLE.encode())
    }

    assert texts == {SAMPLE}


def test_sequences_may_be_cut_at_every_block_boundary() -> None:
    """A character whose bytes lie in two blocks, or in blocks of one byte each, is read whole."""
    data = SAMPLE.encode()

    texts = {read_text(blocks) for blocks in cut_in_two(data)} | {read_text(bytes([byte]) for byte in data)}
    sizes = {check_file(blocks).unpacked_bytes for blocks in cut_in_two(data)}

    assert texts == {SAMPLE}
    assert sizes == {len(data)}


def test_cp1252_is_read_when_declared() -> None:
    """Windows-1252 is read as such, and never guessed."""
    data = "Zoë;5 €;„x“".encode("cp1252")

    found = check_file([data], encoding="cp1252")

    assert read_text([data], encoding="cp1252") == "Zoë;5 €;„x“"
    assert found.unpacked_bytes == len(data)
    with pytest.raises(WrongEncodingError):
        check_file([data])


@pytest.mark.parametrize("wrong", [b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\x80"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_wrong_byte_is_named_by_its_line(wrong: bytes, mark: bytes) -> None:
    """The line number and the byte are right wherever the blocks end: lone bytes, surrogates, overlong forms."""
    data = mark + "ä\n\nü€\n😀".encode() + wrong + b"\nmore\n"
    found = set()

    for blocks in cut_in_two(data):
        with pytest.raises(WrongEncodingError) as caught:
            check_file(blocks)
        found.add((caught.value.line, caught.value.byte, caught.value.encoding))

    assert found == {(4, wrong[0], "UTF-8")}


@pytest.mark.parametrize("end", [b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98"])
def test_character_cut_off_at_the_end_is_wrong(end: bytes) -> None:
    """A file that ends within a character is no UTF-8, and the last line is to blame."""
    with pytest.raises(WrongEncodingError) as caught:
        check_file([b"a\nb\nc", end])

    assert (caught.value.line, caught.value.byte) == (3, end[0])


def test_byte_that_cp1252_lacks_is_named() -> None:
    """Windows-1252 leaves five bytes undefined; the message names the encoding that was declared."""
    with pytest.raises(WrongEncodingError) as caught:
        check_file([b"a\n\x81"], encoding="cp1252")

    assert str(caught.value).startswith("Line 2 holds the byte 0x81, which is not CP1252.")


@given(ANY_TEXT, st.sampled_from(["utf-8", "utf-8-sig"]), st.booleans(), st.data())
def test_text_comes_back_whatever_the_blocks(written: str, codec: str, gzipped: bool, data: st.DataObject) -> None:
    """Property: any text without a mark of its own is read back, plain or packed, cut into blocks anywhere."""
    written = "order_id" + written
    stored = compress(written.encode(codec)) if gzipped else written.encode(codec)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stored)), max_size=6)))
    blocks = [stored[start:end] for start, end in pairwise([0, *cuts, len(stored)])]

    found = check_file(blocks, gzipped=gzipped)

    assert read_text(blocks, gzipped=gzipped) == written
    assert found[:5] == (
        len(stored),
        len(written.encode(codec)),
        written.count("\n"),
        hashlib.sha256(stored).hexdigest(),
        written.encode(codec).isascii(),
    )


@given(st.binary(max_size=200), st.sampled_from(["utf-8", "cp1252"]), st.booleans())
def test_check_and_text_agree(data: bytes, encoding: str, packed: bool) -> None:
    """Property: a file that passes the check can be read as text, and any other is a permanent error."""
    stored = compress(data) if packed else data

    try:
        found = check_file([stored], gzipped=packed, encoding=encoding)
    except PermanentError:
        return

    read = read_text([stored], gzipped=packed, encoding=encoding)
    assert found.unpacked_bytes == len(data)
    # Python's codec also drops half a mark that is all there is; such a file then fails for want of a header.
    assert read.encode(encoding) in {data, data.removeprefix(b"\xef\xbb\xbf")} or data in {b"\xef", b"\xef\xbb"}


@given(st.binary(max_size=300))
def test_arbitrary_bytes_as_gzip_raise_nothing_but_permanent_errors(data: bytes) -> None:
    """Property: whatever bytes come under the name .csv.gz, they are read or fail permanently."""
    for stored in (data, b"\x1f\x8b\x08" + data, compress(b"order_id\n") + data):
        try:
            found = check_file([stored], gzipped=True)
        except PermanentError:
            continue

        assert found.stored_bytes == len(stored)
