"""What the shipped functions send to CloudWatch and X-Ray keeps to the documented rules."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import TYPE_CHECKING

import pytest

from tests.aws_documents import problems_of_metric_line, problems_of_segment
from tests.runtime.functions import FunctionError
from tests.runtime.recorded import HEADER, sqs_event, task, upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.runtime.cloud import Cloud
    from tests.runtime.conftest import Start


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    """Provide the socket of an X-Ray daemon, which takes a header line and a document in each packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving:
        receiving.bind(("127.0.0.1", 0))
        receiving.setblocking(False)
        yield receiving


def received(daemon: socket.socket) -> list[str]:
    """Return the documents that have arrived."""
    documents: list[str] = []
    while True:
        try:
            packet = daemon.recv(65536)
        except BlockingIOError:
            return documents
        documents.append(packet.decode().partition("\n")[2])


@pytest.mark.parametrize("monitoring", ["full", "small"])
def test_a_run_sends_what_cloudwatch_and_x_ray_take(
    start: Start, cloud: Cloud, newest_sdk: Path, daemon: socket.socket, monitoring: str
) -> None:
    """A file of every kind of row, an unreadable one, a message that is no event, and a step of a lost lease."""
    rows = "DOC-1,Ada,Engine,2,2.50\nDOC-2,Ada,Engine,many,2.50\n"
    good = upload(cloud, f"raw-data/{monitoring}/Ünïcode, 'quoted'.csv", HEADER + rows)
    bad = upload(cloud, f"raw-data/{monitoring}/not-orders.csv", "a;b\n1;2\n")
    lines, host = [], ":".join(map(str, daemon.getsockname()))

    for name, events in {
        "Processor": [sqs_event(json.dumps(good)), sqs_event(json.dumps(bad)), sqs_event("no event")],
        "LargeFilesRanges": [{"step": "plan", "task": task("0" * 24)}],
    }.items():
        settings = {"monitoring": monitoring}
        with start(name, newest_sdk, context=settings, AWS_XRAY_DAEMON_ADDRESS=host) as function:
            for event in events:
                with contextlib.suppress(FunctionError):  # The step raises that its lease is lost.
                    function.invoke(event)
            lines += [line for line in function.end().splitlines() if '"_aws"' in line]
    segments = received(daemon)

    assert len(lines) == 4
    assert [problem for line in lines for problem in problems_of_metric_line(line)] == []
    assert {json.loads(segment)["name"] for segment in segments} >= {"run", "plan"}
    assert [problem for segment in segments for problem in problems_of_segment(segment)] == []
