"""A small chaos run, whose plan follows from the session's seed: every row is accounted for, whatever goes wrong."""

from __future__ import annotations

import pytest

from tests.chaos.__main__ import run_alone
from tests.chaos.plan import make_plan
from tests.e2e.bring_up import LOCAL

FILES, STRIKES, DEEDS, SECONDS = 12, 4, 4, 6.0


@pytest.mark.timeout(900)
def test_every_row_is_accounted_for(request: pytest.FixtureRequest) -> None:
    """Files of several outcomes, dying workers, failing calls, repeated events and actions: the table holds."""
    seed = request.config.getoption("randomly_seed", default=1) % 1_000_000
    plan = make_plan(seed, FILES, strikes=STRIKES, deeds=DEEDS, length_s=SECONDS)

    account = run_alone(plan, folder=LOCAL / "test-chaos")

    assert account.holds, "\n".join(account.lines())
    assert len(account.history.uploads) >= FILES
