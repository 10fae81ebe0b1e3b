"""Every line counts once, with concurrent writers, many streams, equal and late timestamps, and lost answers."""

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from cdk.local.emulator import Emulator
from cdk.local.sidecar.emf import Datum
from cdk.local.sidecar.logtail import LogTail
from cdk.local.sidecar.outbox import Outbox
from cdk.local.sidecar_process import Sidecar
from tests.sidecar.small_stack import SmallStack, client, until

GROUP = "/aws/lambda/processor"
SEED = 20261122


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Provide the logs of a real emulator, with one group."""
    with Emulator(0, tmp_path_factory.mktemp("logs")) as emulator:
        logs = client(emulator.endpoint, "logs")
        logs.create_log_group(logGroupName=GROUP)
        yield logs
        logs.close()


def put(logs: Any, stream: str, *lines: str, at: int | None = None) -> None:
    """Write lines to a stream, all at one moment, making the stream where it is not there."""
    timestamp = at if at is not None else int(time.time() * 1000)
    events = [{"timestamp": timestamp, "message": line} for line in lines]
    try:
        logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)
    except logs.exceptions.ResourceNotFoundException:
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def taken(tail: LogTail, *, everything: bool = False) -> list[str]:
    """Return the new lines."""
    return [line for growth in tail.poll([GROUP], everything=everything) for _, line in growth.fresh]


def new_tail(logs: Any, prefix: str) -> LogTail:
    """Follow the lines of one test."""
    return LogTail(logs, lambda line: line.startswith(prefix))


def test_concurrent_writers_lose_and_double_nothing(logs: Any) -> None:
    """Writers share streams, repeat lines and timestamps, and write late events, all while the tail reads."""
    tail = new_tail(logs, "concurrent ")
    written: list[str] = []
    guard = threading.Lock()
    moment = int(time.time() * 1000)

    def write(number: int) -> None:
        choice = random.Random(SEED + number)  # noqa: S311
        for _ in range(40):
            lines = [f"concurrent {choice.randrange(5)}" for _ in range(choice.randrange(1, 4))]
            stream = f"shared/{choice.randrange(3)}" if choice.random() < 0.5 else f"own/{choice.randrange(10**9)}"
            put(logs, stream, *lines, at=moment - choice.choice([0, 0, 0, 1, 5000]))
            with guard:
                written.extend(lines)

    for stream in range(3):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=f"shared/{stream}")
    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    read: list[str] = []
    while any(writer.is_alive() for writer in writers):
        read += taken(tail)
    for writer in writers:
        writer.join()
    read += taken(tail)

    assert sorted(read) == sorted(written)
    assert taken(tail, everything=True) == []


def test_more_streams_than_a_page_holds(logs: Any) -> None:
    """The emulator makes a stream for each invocation, and lists fifty at once."""
    tail = new_tail(logs, "many ")
    for number in range(120):
        put(logs, f"many/{number}", f"many {number}")

    assert sorted(taken(tail)) == sorted(f"many {number}" for number in range(120))
    put(logs, "many/3", "many again")
    assert taken(tail) == ["many again"]


def test_an_event_much_older_than_the_rest_is_found(logs: Any) -> None:
    """Other writers choose their timestamps, so every stream is looked at from time to time."""
    tail = new_tail(logs, "old ")
    taken(tail)
    put(logs, "old/1", "old news", at=int(time.time() * 1000) - 3_600_000)

    assert taken(tail, everything=True) == ["old news"]
    assert taken(tail, everything=True) == []


def test_a_stream_that_could_not_be_handled_comes_again(logs: Any) -> None:
    """Its lines count as given only once the next stream is asked for."""
    tail = new_tail(logs, "again ")
    put(logs, "again/1", "again 1")
    growth = tail.poll([GROUP])
    next(growth)
    growth.close()

    assert taken(tail) == ["again 1"]


def test_a_group_that_is_not_there_yet_is_waited_for(logs: Any) -> None:
    """The emulator makes a function's group with its first line, unless the stack did."""
    assert list(LogTail(logs, lambda _: True).poll(["/aws/lambda/nobody"])) == []


class Cloud:
    """Counts the data put into it, and fails as set."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.put: list[float] = []
        self.meta = self
        self.events = self

    def register(self, *_: object) -> None:
        """Take the outbox's hook."""

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: ARG002, N803
        """Count, or fail."""
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure
        self.put += [datum["Value"] for datum in MetricData]


def data(count: int) -> list[Datum]:
    """Make as many data of two namespaces, numbered."""
    return [Datum(f"N{n % 2}", "A", (), (float(n),), "Count", 1e9) for n in range(count)]


def test_what_never_arrived_is_put_later() -> None:
    """A refused connection has counted nothing."""
    cloud = Cloud(None, EndpointConnectionError(endpoint_url="x"))
    outbox = Outbox(cloud)
    outbox.add(data(10))

    assert not outbox.flush()
    assert outbox.flush()
    assert sorted(cloud.put) == list(range(10))


def test_what_may_have_arrived_is_not_put_again() -> None:
    """After a lost answer the data count as uncertain and are not sent again."""
    cloud = Cloud(ReadTimeoutError(endpoint_url="x"))
    outbox = Outbox(cloud)
    outbox.add(data(10))

    assert outbox.flush()
    assert outbox.counts() == {"delivered": 5, "uncertain": 5, "waiting": 0}


def test_a_thousand_data_go_in_several_requests() -> None:
    """CloudWatch takes a thousand at once."""
    cloud = Cloud()
    outbox = Outbox(cloud)
    outbox.add(data(1200))

    assert outbox.flush()
    assert sorted(cloud.put) == list(range(1200))


def test_metrics_of_many_invocations_equal_the_truth(followed: tuple[Sidecar, SmallStack]) -> None:
    """Sums and sample counts are exact, arrays and zeros included, and stay so when everything is read again."""
    sidecar, stack = followed
    before = stack.rows()
    invoked = stack.statistics("AWS/Lambda", "Invocations", FunctionName=stack.outputs["ProcessorFunctionName"])["Sum"]
    for number in range(60):
        stack.send(file_id=f"f{number}", rows=number)

    def all_ended() -> bool:
        sidecar.carry()
        names = {"FunctionName": stack.outputs["ProcessorFunctionName"]}
        return stack.statistics("AWS/Lambda", "Invocations", **names)["Sum"] == invoked + 60

    until(all_ended)
    sidecar.carry()
    after = stack.rows()

    assert after["Sum"] - before["Sum"] == sum(range(60)) + 60
    assert after["SampleCount"] - before["SampleCount"] == 120
    assert stack.statistics("Waybill", "FilesFailed", service="processor", environment="test")["Sum"] == 0
