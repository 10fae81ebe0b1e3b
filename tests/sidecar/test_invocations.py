"""Invocations as the platform's log lines report them."""

import pytest

from cdk.local.sidecar.invocations import Invocation, invocations

REPORT = "REPORT RequestId: r1\tDuration: 1500 ms\tBilled Duration: 1500 ms\tMemory Size: 128 MB\tMax Memory Used: 0 MB"
NAMED = '{"message": "run_begun", "xray_trace_id": "1-6b033fbe-54686a761d5d40dc7770526c"}'


def read(*body: str) -> Invocation:
    """Read one invocation that wrote these lines."""
    lines = ["START RequestId: r1 Version: $LATEST", *body, "END RequestId: r1", REPORT]
    (found,) = invocations("processor", [(100_000, line) for line in lines])
    return found


def test_an_invocation_ends_at_its_lines_and_lasted_what_it_reports() -> None:
    """The emulator writes every line when the invocation has ended."""
    found = read(NAMED)

    assert (found.request_id, found.started, found.ended) == ("r1", 98.5, 100.0)
    assert found.trace_id == "1-6b033fbe-54686a761d5d40dc7770526c"


def test_last_words_of_the_invocation_before_are_not_its_own() -> None:
    """Late lines of one invocation, at the start of the next stream, do not count for that one."""
    late = NAMED.replace("1-6b033fbe", "1-6b033fbd")

    assert read(late, NAMED).trace_id == "1-6b033fbe-54686a761d5d40dc7770526c"
    assert read('{"xray_trace_id": ').trace_id == ""


@pytest.mark.parametrize(
    "tail",
    [
        ("Traceback (most recent call last):", '  File "index.py", line 3, in handle', "ValueError: {oops}"),
        ("Task timed out after 10.00 seconds",),
        ("Worker process died",),
    ],
)
def test_a_failure_is_told_by_the_last_lines(tail: tuple[str, ...]) -> None:
    """The emulator appends the traceback, or one sentence."""
    assert read(NAMED, *tail).failed is True
    assert read(*tail).failed is True


def test_a_traceback_within_a_log_line_is_no_failure() -> None:
    """A run that raised inside the handler answered with a partial failure, which is a success to Lambda."""
    assert read('{"exception": "Traceback (most recent call last):"}').failed is False
    assert read("Traceback (most recent call last):", "ValueError: printed by somebody", NAMED).failed is False


def test_silence_leaves_the_error_open() -> None:
    """A worker that did not start and a silent function look alike."""
    names = {datum.name for datum in read().metrics()}

    assert read().failed is None
    assert names == {"Invocations", "Duration"}


def test_metrics_are_lambdas_own() -> None:
    """Name, unit and dimension are those under which AWS has them."""
    said = {datum.name: (datum.values, datum.unit) for datum in read(NAMED).metrics()}

    assert said == {
        "Invocations": ((1.0,), "Count"),
        "Duration": ((1500.0,), "Milliseconds"),
        "Errors": ((0.0,), "Count"),
    }
    assert {(d.namespace, d.dimensions) for d in read(NAMED).metrics()} == {
        ("AWS/Lambda", (("FunctionName", "processor"),))
    }


def test_an_unfinished_invocation_is_none() -> None:
    """Without a REPORT line there is none."""
    assert invocations("processor", [(1, "START RequestId: r1 Version: $LATEST"), (1, NAMED)]) == []
