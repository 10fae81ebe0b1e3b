"""The pooled sender stores every batch despite errors of the connection, or raises what botocore would raise."""

from __future__ import annotations

import json
import socket
from itertools import batched
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processor.domain.errors import ThrottledError
from processor.orders.batches import Batch
from processor.orders.transport import http_connection
from processor.orders.transport.http_connection import Address
from processor.orders.transport.pooled_sender import PooledSender
from processor.orders.transport.sigv4 import RequestSigner
from processor.orders.writer import OrderWriter
from tests.bench.stub import FAULTS, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.stub import Stub

PASSING = sorted(set(FAULTS) - {"denied", "silent"})
"""Faults that are over when the batch is sent again."""


OPENED: list[PooledSender] = []


@pytest.fixture(autouse=True)
def _close_senders() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    """Provide a server that keeps what it stores."""
    with running(keep=True) as server:
        yield server


def sender_to(stub: Stub, waits: list[float] | None = None, told: list[dict[str, Any]] | None = None) -> PooledSender:
    """Make a pooled sender to the server that does not really wait."""
    address = Address("127.0.0.1", int(stub.url.rpartition(":")[2]), None)
    signer = RequestSigner("stub", "eu-west-1", lambda: ReadOnlyCredentials("a", "s", None))
    waits = [] if waits is None else waits
    told = [] if told is None else told
    sender = PooledSender(address, signer, "orders", told.append, sleep=waits.append, jitter=lambda: 1.0)
    OPENED.append(sender)
    return sender


def batches(count: int, rows: int = 5) -> list[Batch]:
    """Build batches of small orders."""
    items = [{"order_id": {"S": f"Ä-{number}"}, "processed_timestamp": {"S": "t"}} for number in range(count * rows)]
    puts = [json.dumps({"PutRequest": {"Item": item}}, ensure_ascii=False) for item in items]
    return [Batch(",".join(group).encode(), b"", rows) for group in batched(puts, rows)]


def write(sender: PooledSender, written: list[Batch]) -> list[Batch]:
    """Write batches as a run does; returns those that are known to be stored, in that order."""
    store = OrderWriter(sender, sleep=lambda _: None)
    stored = [done for batch in written for done in store.write(batch)]
    return stored + store.finish()


def ids(stub: Stub) -> list[str]:
    """List what the server stored."""
    return sorted(item["order_id"]["S"] for item in stub.stored()["items"])


def expected(written: list[Batch]) -> list[str]:
    """List what it should have stored."""
    return sorted(
        put["PutRequest"]["Item"]["order_id"]["S"] for batch in written for put in json.loads(b"[%b]" % batch.puts)
    )


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("calls", ["first", "later", "twice"])
def test_every_batch_is_stored_after_a_fault(stub: Stub, fault: str, calls: str) -> None:
    """Each fault, on a new connection, on a used one, and twice in a row."""
    stub.strike(*{"first": [fault], "later": [""] * 7 + [fault], "twice": [""] * 3 + [fault] * 2}[calls])
    written = batches(12)

    stored = write(sender_to(stub), written)

    assert stored == written
    assert ids(stub) == expected(written)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=st.lists(st.sampled_from(["", "", *PASSING]), max_size=40))
def test_every_batch_is_stored_after_many_faults(stub: Stub, faults: list[str]) -> None:
    """Property: whatever the wire does, an error names it or every batch is stored, in order, and reported once."""
    stub.strike(*faults)
    written = batches(20)
    told: list[dict[str, Any]] = []

    try:
        stored = write(sender_to(stub, told=told), written)
    except (ClientError, ConnectionClosedError, EndpointConnectionError, ThrottledError):
        return

    assert stored == written
    assert ids(stub) == expected(written)
    assert sum(answer["ConsumedCapacity"][0]["Table"]["CapacityUnits"] for answer in told) >= 100


def test_units_are_told_for_every_answer(stub: Stub) -> None:
    """The capacity that DynamoDB reports reaches the meter, that of unprocessed items once they are stored."""
    stub.strike("", "unprocessed", "throttle")
    told: list[dict[str, Any]] = []

    write(sender_to(stub, told=told), batches(4))

    assert sum(answer["ConsumedCapacity"][0]["CapacityUnits"] for answer in told) == 40


def test_server_errors_end_after_a_few_growing_waits(stub: Stub) -> None:
    """A server that keeps failing is given up with its own words, so that SQS tries again later."""
    stub.strike(*["500"] * 10)
    waits: list[float] = []

    with pytest.raises(ClientError, match=r"InternalServerError.*by the stub"):
        write(sender_to(stub, waits), batches(1))

    assert waits == [0.2, 0.4, 0.8]
    assert stub.stored()["calls"] == 4


def test_closed_connections_end_as_botocore_names_them(stub: Stub) -> None:
    """A server that hangs up every time is given up."""
    stub.strike(*["drop"] * 10)

    with pytest.raises(ConnectionClosedError):
        write(sender_to(stub), batches(1))


def test_refused_connection_ends_as_botocore_names_it(stub: Stub) -> None:
    """Nobody listens: no endless loop, and the endpoint is named."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    sender = sender_to(stub)
    sender._address = Address("127.0.0.1", port, None)

    with pytest.raises(EndpointConnectionError, match=f"127.0.0.1:{port}"):
        write(sender, batches(1))


def test_silent_server_ends_as_botocore_names_it(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that does not come in time counts as lost."""
    monkeypatch.setattr(http_connection, "READ_TIMEOUT_S", 0.02)
    stub.strike(*["silent"] * 10)

    with pytest.raises(ReadTimeoutError):
        write(sender_to(stub), batches(1))


def test_other_errors_are_raised_at_once(stub: Stub) -> None:
    """An error that no retry would change is raised as botocore raises it, with its code and status."""
    stub.strike("denied")

    with pytest.raises(ClientError) as raised:
        write(sender_to(stub), batches(3))

    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert raised.value.operation_name == "BatchWriteItem"


def test_connection_closed_while_idle_costs_no_wait(stub: Stub) -> None:
    """Between two invocations DynamoDB closes what is idle; the next run just connects again."""
    stub.strike("closing", "", "")
    waits: list[float] = []
    sender = sender_to(stub, waits)
    write(sender, batches(3))
    for connection in sender._idle:
        if connection._socket:
            connection._socket.shutdown(socket.SHUT_RDWR)

    write(sender, batches(3))

    assert waits == []


def test_answer_of_a_failed_run_is_not_taken_for_the_next(stub: Stub) -> None:
    """A run that ends with batches under way leaves no answers behind: the next run's batches get their own."""
    stub.strike("denied", *["unprocessed"] * 3)
    sender = sender_to(stub)
    with pytest.raises(ClientError):
        write(sender, batches(6))
    stub.strike()
    written = batches(6)

    assert write(sender, written) == written
    assert ids(stub) == expected(written)


def test_connections_grow_with_the_wait_for_answers() -> None:
    """Slow answers let more batches be under way, up to the bound; with fast ones they stay few."""
    with running(delay_s=0.01) as slow:
        sender = sender_to(slow)
        write(sender, batches(120))
    with running() as fast:
        few = sender_to(fast)
        write(few, batches(1))

    assert 5 < len(sender._idle) <= 16
    assert len(few._idle) == 1
