"""Each function in the environment that Lambda derives from the template, with an older and the newest SDK."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.runtime.functions import FunctionError
from tests.runtime.recorded import HEADER, http_event, recorded, sqs_event, stored_orders, task, upload

if TYPE_CHECKING:
    from tests.runtime.cloud import Cloud
    from tests.runtime.conftest import Start


def lines_of(log: str) -> list[dict[str, Any]]:
    """Return the log's lines, all of which must be JSON, as the template declares the format."""
    return [json.loads(line) for line in log.splitlines() if line]


def test_processor_stores_a_file(start: Start, cloud: Cloud, sdk: Path) -> None:
    """Bundle, SDK, variables and memory are all that a run needs."""
    order = f"ENV-{sdk.name}"
    event = upload(cloud, f"raw-data/{sdk.name}.csv", f"{HEADER}{order},Ada,Engine,2,2.50\n")

    with start("Processor", sdk) as function:
        answer = function.invoke(sqs_event(json.dumps(event)))
        log = lines_of(function.end())

    assert answer == {"batchItemFailures": []}
    [line] = stored_orders(cloud, order)
    assert line["line_total"] == {"N": "5.00"}
    assert {"file_processed"} <= {line.get("message") for line in log}
    assert [line["RowsAccepted"] for line in log if "_aws" in line] == [[1.0]]


def test_ranges_refuse_a_lost_lease(start: Start, sdk: Path) -> None:
    """The step reads the ledger and names its error as the state machine expects it."""
    with start("LargeFilesRanges", sdk) as function, pytest.raises(FunctionError) as raised:
        function.invoke({"step": "plan", "task": task("0" * 24)})

    assert raised.value.error_type == "LeaseLostError"


def test_console_answers_strangers(start: Start, sdk: Path) -> None:
    """Health is told to anybody; a page leads to the sign-in."""
    with start("ConsoleWeb", sdk) as function:
        health = function.invoke(http_event("GET", "/healthz"))
        page = function.invoke(http_event("GET", "/files"))

    assert (health["statusCode"], health["body"]) == (200, "ok")
    assert page["statusCode"] in (302, 303, 307)
    assert page["headers"]["location"].startswith("/auth/sign-in")


def test_worker_ignores_an_unknown_action(start: Start, sdk: Path) -> None:
    """It looks into the ledger, and logs that there is nothing to do."""
    with start("ConsoleWorker", sdk) as function:
        answer = function.invoke({"action_id": "20261122T100000Z-0123abcd"})
        log = lines_of(function.end())

    assert answer is None
    assert [line["message"] for line in log] == ["action_ignored"]


@pytest.mark.parametrize(
    ("context", "levels"),
    [
        ({}, {"INFO"}),
        ({"log_level": "WARNING"}, set()),
        ({"log_level": "DEBUG"}, {"INFO", "DEBUG"}),
        ({"debug_sample_rate": 1}, {"INFO", "DEBUG"}),
        ({"debug_sample_rate": 0.0001}, {"INFO"}),
    ],
)
def test_log_level_is_the_settings(
    start: Start, cloud: Cloud, newest_sdk: Path, context: dict[str, object], levels: set[str]
) -> None:
    """Lambda derives a variable of its own from the template, which Powertools would rank above the settings."""
    name = f"LEVEL-{'-'.join(map(str, context.values()))}"
    event = upload(cloud, f"raw-data/{name}.csv", f"{HEADER}{name},Ada,Engine,1,2.50\n")

    with start("Processor", newest_sdk, context=context) as function:
        function.invoke(sqs_event(json.dumps(event)))
        log = lines_of(function.end())

    assert stored_orders(cloud, name)
    assert {line["level"] for line in log if "level" in line} == levels, log


def test_a_full_run_keeps_within_its_memory(start: Start, cloud: Cloud, newest_sdk: Path) -> None:
    """The operating system refuses what is beyond the template's size."""
    rows = "".join(f"MEM-{number},Ada Lovelace,Difference Engine,{number % 9 + 1},2.50\n" for number in range(3_000))
    event = upload(cloud, "raw-data/memory.csv", HEADER + rows)

    with start("Processor", newest_sdk) as function:
        answer = function.invoke(sqs_event(json.dumps(event)))

    assert answer == {"batchItemFailures": []}
    assert stored_orders(cloud, "MEM-2999")


def test_memory_beyond_the_size_is_refused(start: Start, newest_sdk: Path) -> None:
    """The bound of these tests is felt."""
    with start("Processor", newest_sdk, probe="limits") as function, pytest.raises(FunctionError, match="MemoryError"):
        function.invoke({"beyond": "memory"})


def test_files_are_written_in_tmp_alone(start: Start, newest_sdk: Path) -> None:
    """As in Lambda, where everything else is read-only."""
    with start("Processor", newest_sdk, probe="limits") as function:
        with pytest.raises(FunctionError, match="Read-only file system"):
            function.invoke({"beyond": str(Path(__file__).parent)})
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            function.invoke({"beyond": folder})
            assert Path(folder, "waybill-probe").read_text() == "written"


def test_worker_survives_events_that_are_not_its_own(start: Start, newest_sdk: Path) -> None:
    """A record of a failed invocation, sent back by hand, names no action and is refused in words."""
    with start("ConsoleWorker", newest_sdk) as function, pytest.raises(FunctionError, match="action_id"):
        function.invoke(recorded("asynchronous_failure"))
