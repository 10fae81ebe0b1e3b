"""A sidecar by itself, and one that follows a small stack in an emulator; each lives as long as the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk.local.emulator import Emulator
from cdk.local.sidecar_process import Sidecar
from tests.sidecar.small_stack import SmallStack, make

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    """Provide a sidecar that follows nothing: its daemon and its X-Ray."""
    with Sidecar(tmp_path_factory.mktemp("sidecar")) as sidecar:
        yield sidecar


@pytest.fixture(scope="session", params=[False, True], ids=["open", "iam"])
def followed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Sidecar, SmallStack]]:
    """Provide a sidecar with the stack that it follows, in an open emulator and in one that enforces IAM over TLS."""
    folder = tmp_path_factory.mktemp("followed")
    with (
        Sidecar(folder) as sidecar,
        Emulator(0, folder, enforce_iam=request.param, extra_env=sidecar.extra_env) as emulator,
    ):
        stack = make(emulator)
        sidecar.follow(emulator, stack.outputs)
        yield sidecar, stack
        assert "Traceback" not in sidecar.log.read_text()
