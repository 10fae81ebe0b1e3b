"""The fault proxy in front of a stub of the target."""

import http.client
import threading
from collections.abc import Iterator

import pytest

from tests.e2e.fault_proxy.stub_target import Stub, StubConnection, StubServer
from tests.e2e.faults import FaultProxy


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Run a target."""
    with StubServer(("127.0.0.1", 0), StubConnection) as server:
        server.stub = Stub(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.stub
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(stub: Stub) -> Iterator[FaultProxy]:
    """Run a proxy in front of the target, so that it ends before the target does."""
    with FaultProxy(f"http://127.0.0.1:{stub.port}") as running:
        yield running


@pytest.fixture
def connection(proxy: FaultProxy) -> Iterator[http.client.HTTPConnection]:
    """Connect to the proxy from the test process."""
    client = http.client.HTTPConnection(*proxy.address, timeout=10)
    yield client
    client.close()
