"""The plan of a chaos run: everything that is done to the stack, and when. The same seed makes the same plan."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from tests.chaos.files import ChaosFile, FileMaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.rules import Limits

type Mischief = Literal[
    "again", "several in one message", "late", "version that is gone", "deleted early", "folder", "poison"
]
type Wish = Literal["reprocess", "process_anyway", "store", "dismiss", "void", "redrive", "delete poison", "look"]

_MISCHIEF: tuple[Mischief, ...] = (
    "again",
    "again",
    "several in one message",
    "late",
    "version that is gone",
    "deleted early",
    "folder",
    "poison",
)
_WISHES: tuple[Wish, ...] = (
    "reprocess",
    "reprocess",
    "process_anyway",
    "store",
    "dismiss",
    "void",
    "redrive",
    "delete poison",
    "look",
    "look",
)
_SECONDS_A_FILE = 0.35
_SHORTEST_S = 12.0
_LONGER = 1.5
"""So much longer than the uploads go strikes and people on: until then most files have been settled."""
SERVICES = ("s3", "dynamodb", "sqs", "sns", "states")


class Timed[What](NamedTuple):
    """Something that is due so many seconds after the start; ``pick`` (0 to 1) chooses among what is there then."""

    at: float
    what: What
    pick: float = 0.0


class Strike(NamedTuple):
    """A signal to a worker: killed, or stopped for some seconds."""

    stopped_s: float = 0.0


class Outage(NamedTuple):
    """A time in which most calls of one service fail."""

    service: str
    length_s: float


@dataclass(frozen=True)
class Plan:
    """All that is going to happen, each part in the order of time."""

    seed: int
    length_s: float
    uploads: tuple[Timed[ChaosFile], ...]
    strikes: tuple[Timed[Strike], ...]
    outages: tuple[Timed[Outage], ...]
    mischief: tuple[Timed[Mischief], ...]
    wishes: tuple[Timed[Wish], ...]

    @property
    def fingerprint(self) -> str:
        """A digest of everything in the plan."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]


def make_plan(
    seed: int,
    files: int,
    *,
    limits: Limits | None = None,
    large: int = 0,
    large_mb: float = 3,
    strikes: int | None = None,
    length_s: float | None = None,
    deeds: int | None = None,
) -> Plan:
    """Draw a plan for that many files, and ``large`` ones beside them that are read in ranges.

    ``deeds`` is the number of mischiefs and of wishes; of few, the seed decides which.
    """
    length = length_s or max(_SHORTEST_S, files * _SECONDS_A_FILE)
    maker = FileMaker(_rng(seed, "files"), f"chaos-{seed}", limits)
    made = maker.make(files)
    mixed = list(made)
    order = _rng(seed, "order")
    order.shuffle(mixed)
    mixed = [maker.make_large(large_mb) for _ in range(large)] + _copies_last(mixed)
    times = sorted(order.uniform(0, length) for _ in mixed)
    return Plan(
        seed,
        length,
        tuple(Timed(at, file) for at, file in zip(times, mixed, strict=True)),
        _draw(seed, "strikes", files // 3 if strikes is None else strikes, _LONGER * length, _strike),
        _draw(seed, "outages", round(length / 8), length, _outage),
        _draw(
            seed,
            "mischief",
            deeds or max(len(_MISCHIEF), files // 3),
            length,
            lambda rng, n: rng.choice(_MISCHIEF) if deeds else _turn(_MISCHIEF, rng, n),
        ),
        _draw(
            seed,
            "wishes",
            deeds or max(len(_WISHES), files // 4),
            _LONGER * length,
            lambda rng, n: rng.choice(_WISHES) if deeds else _turn(_WISHES, rng, n),
        ),
    )


def _copies_last(files: list[ChaosFile]) -> list[ChaosFile]:
    """Let copies follow what they copy, most of the time; a second file of a key follows the first."""
    return [file for file in files if file.kind != "duplicate"] + [file for file in files if file.kind == "duplicate"]


def _rng(seed: int, what: str) -> random.Random:
    return random.Random(f"{seed}/{what}")  # noqa: S311  A plan that can be repeated.


def _draw[What](
    seed: int, what: str, count: int, length: float, make: Callable[[random.Random, int], What]
) -> tuple[Timed[What], ...]:
    rng = _rng(seed, what)
    times = sorted(rng.uniform(0.5, length) for _ in range(count))
    return tuple(Timed(at, make(rng, number), rng.random()) for number, at in enumerate(times))


def _strike(rng: random.Random, _number: int) -> Strike:
    if rng.random() < 0.65:
        return Strike()
    return Strike(rng.choice((0.3, 1.0, 3.0, 14.0)))  # The longest outlasts a run and its lease.


def _outage(rng: random.Random, number: int) -> Outage:
    return Outage(SERVICES[number % len(SERVICES)], rng.uniform(1.0, 3.0))


def _turn[What](kinds: tuple[What, ...], rng: random.Random, number: int) -> What:
    """Take each kind once, then any."""
    return kinds[number] if number < len(kinds) else rng.choice(kinds)
