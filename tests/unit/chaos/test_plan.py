"""The plan of a chaos run follows from its seed, and holds every kind of file, strike and mischief."""

from __future__ import annotations

from tests.chaos.plan import SERVICES, make_plan
from tests.chaos.rules import Limits

LIMITS = Limits(file_bytes=2**20, unpacked_bytes=2**19)


def test_the_seed_repeats_the_plan() -> None:
    """The same seed makes the same bytes, names, times and strikes, and another one others."""
    plan, again, other = (make_plan(seed, 30, limits=LIMITS, large=1, large_mb=0.1) for seed in (7, 7, 8))

    assert plan == again
    assert plan.fingerprint == again.fingerprint != other.fingerprint


def test_a_large_plan_holds_everything() -> None:
    """Files of every state and cause, kills and stops, outages of each service."""
    plan = make_plan(3, 60, limits=LIMITS, large=1, large_mb=0.1)

    kinds = {step.what.kind for step in plan.uploads}
    assert len(plan.uploads) == 61
    assert {"in ranges", "too large", "unpacks to too much", "duplicate", "one key twice", "odd key"} <= kinds
    assert {step.what.stopped_s > 0 for step in plan.strikes} == {True, False}
    assert len({step.what.service for step in make_plan(3, 200, limits=LIMITS).outages}) == len(SERVICES)
    assert any(step.what.posted for step in plan.uploads)
