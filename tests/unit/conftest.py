"""Settings of the unit layer: no sockets, and property tests that are repeatable and know no deadline."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import pytest_socket
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# A slow machine must not fail a test, so neither an example's time nor its generation's is judged.
settings.register_profile(
    "unit", max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("unit"), max_examples=5_000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "unit"))


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    """Refuse every socket: what a unit test covers reaches no network. An event loop's pipe to itself is none."""
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()
