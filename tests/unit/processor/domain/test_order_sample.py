"""Two files show which orders they share: exactly up to 2,000 orders, and nearly always above."""

from __future__ import annotations

import random
from itertools import batched
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.order_sample import HASHES, MOST_ORDERS, OrderSample, OrderSampler, hash_order_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def sample_of(order_ids: Sequence[str], rejected: Iterable[str] = ()) -> OrderSample:
    """Take the sample of a file with these orders, each with two lines."""
    sampler = OrderSampler()
    for some in batched([each.encode() for each in order_ids], 1_000):
        sampler.add(some)
        sampler.add(some[::-1])
    return sampler.result({each.encode() for each in rejected})


def seeded(seed: int) -> random.Random:
    """Draw the same at every run."""
    return random.Random(seed)  # noqa: S311


def consecutive(first: int, count: int, rng: random.Random) -> list[str]:
    """Count orders, as most shops do."""
    return [str(first + at) for at in range(count)]


def padded(first: int, count: int, rng: random.Random) -> list[str]:
    """Count orders, with a prefix and zeros."""
    return [f"SO-2026-{first + at:07}" for at in range(count)]


def suffixed(first: int, count: int, rng: random.Random) -> list[str]:
    """Count orders in steps, with something behind."""
    return [f"{10 * (first + at):08x}/DE" for at in range(count)]


def drawn(first: int, count: int, rng: random.Random) -> list[str]:
    """Draw order ids, as UUIDs are."""
    return [f"{rng.getrandbits(128):032x}" for _ in range(count)]


KINDS = [consecutive, padded, suffixed, drawn]
type Kind = Callable[[int, int, random.Random], list[str]]


# Exact


@given(
    st.sets(st.text(min_size=1), max_size=40),
    st.sets(st.text(min_size=1), max_size=40),
    st.sets(st.text(min_size=1), max_size=5),
)
def test_small_files_are_compared_exactly(first: set[str], second: set[str], rejected: set[str]) -> None:
    """Property: the shared orders are those, and all of those, that both may store."""
    one, two = sample_of(sorted(first), rejected), sample_of(sorted(second))

    overlap = one.shared_with(OrderSample.from_bytes(two.to_bytes()))

    expected = (first - rejected) & second
    assert one.is_exact
    assert one.count == len(first - rejected)
    assert set(one.order_ids) == first - rejected
    assert overlap.is_exact
    assert set(overlap.order_ids) == expected
    assert overlap.orders == len(expected)
    assert overlap.hashes == set(hash_order_ids(each.encode() for each in expected))


@pytest.mark.parametrize("kind", KINDS)
def test_up_to_the_bound_one_order_in_common_is_found(kind: Kind) -> None:
    """Two files of 2,000 orders that share a single one are known to share it, and that they share no other."""
    rng = seeded(1)
    ids = kind(1, 2 * MOST_ORDERS - 1, rng)

    one, two = sample_of(ids[:MOST_ORDERS]), sample_of(ids[MOST_ORDERS - 1 :])

    assert one.count == two.count == MOST_ORDERS
    assert one.shared_with(two).order_ids == (ids[MOST_ORDERS - 1],)
    assert one.shared_with(two).is_exact


def test_above_the_bound_it_is_an_estimate() -> None:
    """One order more, and the sample says so."""
    sample = sample_of(padded(1, MOST_ORDERS + 1, seeded(1)))

    assert not sample.is_exact
    assert len(sample.hashes) == MOST_ORDERS
    assert abs(sample.count - MOST_ORDERS) < 100


def test_rejected_orders_make_room() -> None:
    """An order that is laid aside does not take the place of another in the sample."""
    ids = padded(1, 2 * MOST_ORDERS, seeded(1))

    sample = sample_of(ids, ids[::2])

    assert sample.is_exact
    assert set(sample.order_ids) == set(ids[1::2])


# Large files


def plant_overlap(
    kind: Kind, rng: random.Random, larger: int, smaller: int, shared: int
) -> tuple[list[str], list[str]]:
    """Make two files that share orders: the last ones, a stretch in the middle, every nth, or drawn ones."""
    ids = kind(rng.randrange(10**6), larger + smaller - shared, rng)
    first, rest = ids[:larger], ids[larger:]
    start = rng.randrange(larger - shared)
    common = [
        first[-shared:],
        first[start : start + shared],
        first[:: larger // shared][:shared],
        rng.sample(first, shared),
    ][rng.randrange(4)]
    return first, common + rest


@pytest.mark.parametrize("kind", KINDS)
def test_two_percent_in_common_are_found(kind: Kind) -> None:
    """In all of these cases, and their number is told; the guarantee allows that one in 1,000 is missed."""
    rng = seeded(7)
    ratios = []
    for _ in range(60):
        larger = rng.choice([2_001, 4_000, 8_000])
        smaller = rng.randrange(larger // 50, larger)
        first, second = plant_overlap(kind, rng, larger, smaller, larger // 50)

        overlap = sample_of(first).shared_with(sample_of(second))

        assert set(overlap.order_ids) <= set(first) & set(second)
        ratios.append(overlap.orders / (larger // 50))
    assert min(ratios) > 0.3
    assert 0.94 < sum(ratios) / len(ratios) < 1.06


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_is_as_good_as_drawn(kind: Kind) -> None:
    """Of any fiftieth of a file's orders, the sample has as many as chance would: none is missed in 1,000 parts."""
    rng = seeded(11)
    found = []
    for _ in range(20):
        ids = kind(rng.randrange(10**6), 20_000, rng)
        sampled = set(sample_of(ids).order_ids)
        stretches = [ids[at : at + 400] for at in range(0, 20_000, 400)]
        every = [ids[at::50] for at in range(50)]
        found += [len(sampled.intersection(part)) for part in stretches + every]

    mean = sum(found) / len(found)
    variance = sum((number - mean) ** 2 for number in found) / len(found)
    assert len(found) == 2_000
    assert min(found) > 0
    assert mean == pytest.approx(40, abs=1)
    assert 20 < variance < 50  # Chance alone: 40 x 0.9.


def test_a_small_file_is_found_in_a_large_one() -> None:
    """A file sent again within one with 285 times its orders is found in 999 of 1,000 cases: here in all of 40."""
    rng = seeded(13)
    ids = padded(1, 28_500, rng)
    large = sample_of(ids)

    shared = [large.shared_with(sample_of(ids[at : at + 100])).orders for at in range(0, 28_500, 713)]

    assert len(shared) == 40
    assert min(shared) > 0


# Written down


@pytest.mark.parametrize("count", [1, 1_000, MOST_ORDERS, MOST_ORDERS + 1])
def test_a_sample_is_read_back(count: int) -> None:
    """All but the order ids comes back, from four bytes for each order."""
    sample = sample_of(padded(1, count, seeded(1)))

    data = sample.to_bytes()

    back = OrderSample.from_bytes(data)
    assert (back.count, back.threshold, back.hashes) == (sample.count, sample.threshold, sample.hashes)
    assert len(data) <= 12 + 4 * count


def test_hashes_stay_what_they_are() -> None:
    """Files are compared with those of weeks ago, so a hash must be the same after any change of release."""
    assert hash_order_ids([b"", b"A-1", "Ä-1".encode()]) == [0, 1_305_277_744, 1_625_010_797]
    assert OrderSample.of(["A-1"]).to_bytes().hex() == "0000000000000001000000004dccf530"
    assert HASHES == 2**32
