"""Settings of every test: the environment that Powertools reads when it is imported, a zone, and perhaps a date."""

from __future__ import annotations

import os
import time
from datetime import datetime

import pytest
import time_machine

from tests.dates import place_of
from tests.grants.in_process import start_recording

os.environ["POWERTOOLS_SERVICE_NAME"] = "processor"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer another date to the tests that share their clock with no other process."""
    parser.addoption("--any-date", action="store_true", help="run at a date that the seed of the order draws")


@pytest.hookimpl(trylast=True)  # The plugin that shuffles the tests draws the seed first.
def pytest_configure(config: pytest.Config) -> None:
    """Go to the zone that the seed draws, child processes included, and to its date if that is asked for."""
    start_recording()
    seed = config.getoption("randomly_seed", None)
    if not isinstance(seed, int):
        return  # Without the plugin (-p no:randomly) tests keep their order, zone and date.
    place = place_of(seed)
    os.environ["TZ"] = place.zone
    time.tzset()
    if config.getoption("any_date"):
        journey = time_machine.travel(place.moment.timestamp(), tick=True)
        journey.start()
        config.add_cleanup(journey.stop)


def pytest_report_header() -> str:
    """Say where and when it is."""
    return f"It is {datetime.now().astimezone():%A, %d %B %Y, %H:%M:%S %z} in {os.environ.get('TZ', 'this zone')}"
