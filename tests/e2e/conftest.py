"""The real stack, deployed by the CDK command line into an emulator: once open with a fault proxy, once under IAM.

Each is deployed when a test first asks for it, and its emulator lives as long as the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk.local.emulator import Emulator, free_port
from cdk.local.sidecar_process import Sidecar
from tests.e2e.bring_up import LOCAL, deployed
from tests.e2e.faults import FaultProxy
from tests.grants.in_process import emulated_recording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.deployment import Deployment


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that needs a deployment, and let it use the loopback."""
    for item in items:
        if {"stack", "open_stack", "measured_stack"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def proxy() -> Iterator[FaultProxy]:
    """Provide the proxy between the open stack's workers and the emulator."""
    with FaultProxy(f"http://127.0.0.1:{free_port()}") as proxy:
        yield proxy


@pytest.fixture(scope="session")
def sidecar() -> Iterator[Sidecar]:
    """Provide what the emulator lacks: metrics, traces, mails."""
    with Sidecar(LOCAL / "test-sidecar", LOCAL / "test-sidecar/mail") as sidecar:
        yield sidecar


@pytest.fixture(scope="session")
def session_open_stack(proxy: FaultProxy, sidecar: Sidecar) -> Iterator[Deployment]:
    """Deploy the stack where faults can be injected and everything is measured."""
    port = proxy.target[1]
    extra = {"AWS_ENDPOINT_URL": proxy.url, **sidecar.extra_env, **emulated_recording()}
    with Emulator(port, LOCAL / "test-open", extra_env=extra) as emulator:
        for deployment in deployed(emulator):
            sidecar.follow(emulator, deployment.outputs)
            yield deployment


@pytest.fixture(scope="session")
def session_enforcing_stack() -> Iterator[Deployment]:
    """Deploy the stack where IAM, TLS and signatures are enforced."""
    recording = emulated_recording()
    with Emulator(0, LOCAL / "test-enforcing", enforce_iam=True, extra_env=recording) as emulator:
        yield from deployed(emulator)


@pytest.fixture
def open_stack(session_open_stack: Deployment, proxy: FaultProxy) -> Iterator[Deployment]:
    """Provide the open stack, idle, without faults, with an empty dead-letter queue."""
    proxy.reset()
    session_open_stack.take_dead_letters()
    yield session_open_stack
    session_open_stack.wait_idle()
    proxy.reset()


@pytest.fixture(params=["open", "iam"])
def stack(request: pytest.FixtureRequest) -> Deployment:
    """Provide the stack twice: open, and with IAM enforced."""
    name = "session_open_stack" if request.param == "open" else "session_enforcing_stack"
    deployment: Deployment = request.getfixturevalue(name)
    deployment.take_dead_letters()
    return deployment
