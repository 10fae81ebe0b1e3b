"""Faults that drop, delay or replace answers, and how they are counted."""

import http.client
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.fault_proxy.stub_target import Stub, aws, get
from tests.e2e.faults import (
    Action,
    Fault,
    FaultProxy,
    Response,
    aws_error,
    delay,
    drop_after,
    drop_before,
    leave_unprocessed,
    respond,
    rewrite,
)

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(30)]


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (respond(503, b"busy", {"Retry-After": "1"}), (503, b"busy")),
        (rewrite(lambda response: response.with_body(b"other")), (200, b"other")),
        (delay(0.05), (200, b"")),
    ],
)
def test_answer_is_replaced_rewritten_or_delayed(
    connection: http.client.HTTPConnection, proxy: FaultProxy, action: Action, expected: tuple[int, bytes]
) -> None:
    """One call is struck, and the next on the same connection is let through."""
    proxy.add(Fault(action))

    assert get(connection, "/b/k") == expected
    assert get(connection, "/b/k") == (200, b"")


@pytest.mark.parametrize(("action", "seen"), [(drop_before, 1), (drop_after, 2)])
def test_dropped_call_is_made_again_by_boto3(stub: Stub, proxy: FaultProxy, action: Action, seen: int) -> None:
    """The client's retry is the first call that the target sees, or the second when only the answer was lost."""
    stub.answers["PUT"] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    proxy.add(Fault(action))

    aws("s3", proxy, retries={"total_max_attempts": 2}).put_object(Bucket="b", Key="k", Body=b"x")

    assert [request.payload for request in stub.requests] == [b"x"] * seen
    assert [call.operation for call in proxy.calls] == ["PutObject", "PutObject"]


@pytest.mark.parametrize(
    ("service", "code", "status", "ask"),
    [
        ("s3", "InternalError", 500, lambda s3: s3.get_object(Bucket="b", Key="k")),
        ("sns", "Throttled", 400, lambda sns: sns.publish(TopicArn="t", Message="m")),
        ("sqs", "RequestThrottled", 400, lambda sqs: sqs.delete_message(QueueUrl="http://q", ReceiptHandle="r")),
        (
            "dynamodb",
            "ProvisionedThroughputExceededException",
            400,
            lambda table: table.get_item(TableName="t", Key={"k": {"S": "v"}}),
        ),
    ],
)
def test_aws_error_is_what_boto3_raises(
    proxy: FaultProxy, service: str, code: str, status: int, ask: Callable[[Any], object]
) -> None:
    """Each protocol's error reaches the caller with its code and status."""
    proxy.add(Fault(aws_error(code, status)))
    client = aws(service, proxy)

    with pytest.raises(ClientError) as error:
        ask(client)

    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    client.close()


def test_unprocessed_items_are_those_that_the_target_never_saw(stub: Stub, proxy: FaultProxy) -> None:
    """Two items of three, over two tables, are kept back, and the answer names just these."""
    stub.answers["/"] = b'HTTP/1.1 200 OK\r\nx-amz-crc32: 1\r\nContent-Length: 24\r\n\r\n{"UnprocessedItems": {}}'
    proxy.add(Fault(leave_unprocessed(2), operations=("BatchWriteItem",)))
    puts = [{"PutRequest": {"Item": {"k": {"S": name}}}} for name in "abc"]

    answer = aws("dynamodb", proxy).batch_write_item(RequestItems={"one": puts[:1], "two": puts})

    assert answer["UnprocessedItems"] == {"two": puts[1:]}
    assert json.loads(stub.requests[0].payload)["RequestItems"] == {"one": puts[:1], "two": puts[:1]}


def test_fault_that_lost_a_call_to_another_takes_the_next(
    connection: http.client.HTTPConnection, proxy: FaultProxy
) -> None:
    """Of two faults due at one call the first added strikes, and the second is not lost."""
    proxy.add(Fault(respond(501)))
    proxy.add(Fault(respond(502)))

    assert [get(connection, "/b/k")[0] for _ in range(3)] == [501, 502, 200]


def test_waiting_for_a_fault_that_does_not_strike_tells_what_it_saw(
    connection: http.client.HTTPConnection, proxy: FaultProxy
) -> None:
    """The timeout's message has the counts that explain it."""
    armed = proxy.add(Fault(respond(500), nth=5))
    get(connection, "/b/k")

    with pytest.raises(TimeoutError, match="struck 0 of 1 times, saw 1 calls"):
        armed.wait(0.01)


def test_reset_disarms_and_forgets(connection: http.client.HTTPConnection, proxy: FaultProxy) -> None:
    """A proxy that serves many tests starts each of them afresh."""
    proxy.add(Fault(respond(500)))
    proxy.reset()

    assert get(connection, "/b/k")[0] == 200
    assert len(proxy.calls) == 1


def test_target_that_closes_idle_connections_is_connected_to_again(
    stub: Stub, connection: http.client.HTTPConnection
) -> None:
    """The client's keep-alive connection outlives the target's, and each call is made once."""
    for _ in range(3):
        assert get(connection, "/b/k", **{"X-Stub-Close": "yes"}) == (200, b"")
        time.sleep(0.02)

    assert len(stub.requests) == 3


def test_dead_target_looks_dead(stub: Stub) -> None:
    """With nothing behind the proxy its clients are hung up on, as without it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with FaultProxy(f"http://127.0.0.1:{port}") as proxy:
        client = http.client.HTTPConnection(*proxy.address, timeout=10)

        with pytest.raises(http.client.RemoteDisconnected):
            get(client, "/b/k")


def test_checksum_of_a_rewritten_answer_is_left_out() -> None:
    """DynamoDB's checksum of the old body would make boto3 refuse the new one."""
    old = Response(200, "OK", (("x-amz-crc32", "1"), ("Content-Length", "3")), b"abc")

    assert old.with_body(b"xy") == Response(200, "OK", (("Content-Length", "2"),), b"xy")
