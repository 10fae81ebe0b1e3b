"""Gzip becomes text or a reason: members, damage, and the bound on what it unpacks to."""

from __future__ import annotations

import zlib

import pytest

from processor.domain.errors import BadGzipError, EmptyFileError, PermanentError, TooLargeError
from processor.parsing import decoding
from tests.unit.processor.parsing.whole_files import LIMIT, SAMPLE, check_file, compress, cut_in_two, read_text


def test_members_are_read_one_after_the_other() -> None:
    """Several gzip members (what `cat a.gz b.gz` makes) are one text, wherever the blocks end."""
    packed = compress(b"order_id\n") + compress(b"") + compress(b"A-1\n")

    texts = {read_text(blocks, gzipped=True) for blocks in cut_in_two(packed)}

    assert texts == {"order_id\nA-1\n"}


def test_padding_with_zero_bytes_is_ignored() -> None:
    """Zero bytes behind a member, as tape and block devices leave them, do no damage, wherever the blocks end."""
    packed = compress(b"order_id\n") + b"\0" * 40 + compress(b"A-1\n") + b"\0" * 40

    texts = {read_text(blocks, gzipped=True) for blocks in cut_in_two(packed)}
    sizes = {check_file(blocks, gzipped=True).unpacked_bytes for blocks in cut_in_two(packed)}

    assert texts == {"order_id\nA-1\n"}
    assert sizes == {13}


def test_gzip_cut_off_anywhere_is_an_error() -> None:
    """Wherever an upload broke off, the file fails rather than losing its last rows in silence."""
    packed = compress("".join(f"A-{number},Zoë\n" for number in range(300)).encode())
    problems = set()

    for cut in range(1, len(packed)):
        with pytest.raises(BadGzipError) as caught:
            check_file([packed[:cut]], gzipped=True)
        problems.add(caught.value.problem)

    assert problems == {"it ends in the middle"}


def test_second_member_cut_off_anywhere_is_an_error() -> None:
    """The same holds for a later member, down to its first byte."""
    first, second = compress(b"order_id\n"), compress(b"A-1\n")
    problems = set()

    for cut in range(1, len(second)):
        with pytest.raises(BadGzipError) as caught:
            check_file([first, second[:cut]], gzipped=True)
        problems.add(caught.value.problem)

    assert problems == {"it ends in the middle"}


@pytest.mark.parametrize(
    "data", [b"order_id,customer_name\n", b"\0\0\0\0", b"PK\x03\x04", b"\x1f\x8c\x08", b"\xef\xbb\xbf"]
)
def test_plain_bytes_under_a_gzip_name_are_no_gzip(data: bytes) -> None:
    """A .csv.gz that never was gzip says so."""
    with pytest.raises(BadGzipError) as caught:
        check_file([data], gzipped=True)

    assert caught.value.problem == "it is not gzip data"


def test_damaged_gzip_is_an_error() -> None:
    """A wrong checksum, a wrong length or rubbish behind the last member is damage."""
    packed = compress(SAMPLE.encode() * 50)
    wrong_checksum = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    wrong_length = packed[:-1] + bytes([packed[-1] ^ 1])
    problems = []

    for damaged in (wrong_checksum, wrong_length, packed + b"rubbish"):
        with pytest.raises(BadGzipError) as caught:
            check_file([damaged], gzipped=True)
        problems.append(caught.value.problem)

    assert problems == ["it is damaged"] * 3


def test_flipped_bit_never_passes_unnoticed() -> None:
    """Whichever bit of the packed data is flipped, the file fails permanently (the checksum sees it)."""
    packed = compress(SAMPLE.encode())
    passed = []

    for place in range(10, len(packed)):  # The ten bytes in front hold name, time and system, which no checksum covers.
        damaged = packed[:place] + bytes([packed[place] ^ 0x10]) + packed[place + 1 :]
        try:
            check_file([damaged], gzipped=True)
        except PermanentError:
            continue
        passed.append(place)

    assert passed == []


@pytest.mark.parametrize(("size", "passes"), [(1_000, True), (1_001, False)])
def test_limit_counts_unpacked_bytes(size: int, passes: bool) -> None:
    """A file that unpacks to exactly the limit is read, one byte more is too large."""
    packed = compress(b"x" * size)

    if passes:
        assert check_file([packed], gzipped=True, limit=1_000).unpacked_bytes == size
        return

    with pytest.raises(TooLargeError) as caught:
        check_file([packed], gzipped=True, limit=1_000)
    assert str(caught.value) == str(TooLargeError(1_000, unpacked=True))


def test_limit_counts_all_members_together() -> None:
    """Many small members do not get round the limit."""
    with pytest.raises(TooLargeError):
        check_file([compress(b"x" * 600)] * 2, gzipped=True, limit=1_000)


def test_bomb_is_unpacked_in_bounded_pieces_up_to_the_limit() -> None:
    """A gzip bomb is never unpacked further than the limit, nor in pieces larger than a slice."""
    bomb = compress(b"\0" * 20_000_000)
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
    """Behind a member zlib hands back less than a large block, so many tiny members do not cost quadratic work."""
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
    members = compress(b"") * 10_000

    with pytest.raises(EmptyFileError):
        check_file([members], gzipped=True)

    assert sum(given_bytes) <= 1_000 * len(members)
