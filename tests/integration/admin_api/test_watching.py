"""A page that is left open for a day costs at most ten cents, by its calls to AWS and its own intervals."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.object_keys import file_id
from processor.ledger.run_begin import RunStart
from processor.observability.cost import PRICES
from tests.integration.admin_api.console import ConsoleStage
from tests.integration.calls import Call, calls_to
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MOST_USD = Decimal("0.10")
DAY_S, ATTENDED_S = 24 * 3600, 300
SERVICES = ("dynamodb", "s3", "sqs", "cloudwatch", "xray", "logs")
_MILLION = Decimal(1_000_000)
# List prices of us-east-1. A page of DynamoDB is taken for 10 read units (80 KB), more than any of these pages reads.
_REQUEST = (
    Decimal("1.00") / _MILLION  # HTTP API
    + PRICES["lambda_requests"]
    + Decimal("0.1") * PRICES["lambda_gb_seconds"]
    + Decimal("5.00") / _MILLION  # the trace, at trace_sampling=1
    + Decimal("0.50") / _MILLION  # two log lines of some 500 bytes, $0.50 a GB
)
CALLS = {
    "GetMetricData": Decimal("0.01") / 1_000,  # for each metric
    "DescribeAlarms": Decimal("0.01") / 1_000,
    "BatchGetTraces": Decimal("0.50") / _MILLION,
    "FilterLogEvents": Decimal(0),
    **dict.fromkeys(("GetItem", "BatchGetItem", "Query"), 10 * PRICES["read_units"]),
    "GetQueueAttributes": PRICES["sqs_requests"],
    **dict.fromkeys(("HeadObject", "GetObject"), PRICES["s3_reads"]),
}
LIVE = re.compile(r'hx-get="([^"]+)" hx-trigger="every (\d+)s, refresh" data-rest="(\d+)"')


@dataclass(frozen=True)
class LivePart:
    """A part of a page that reloads itself."""

    address: str
    every_s: int
    rest_s: int

    def polls(self) -> Decimal:
        """Count the requests of a day: five minutes at the quickest, and then nobody is there."""
        return Decimal(ATTENDED_S) / self.every_s + Decimal(DAY_S - ATTENDED_S) / self.rest_s


def usd_of(call: Call) -> Decimal:
    """Return the price of one call; raises KeyError for one without a price here."""
    number = len(call.parameters.get("MetricDataQueries", ())) or 1
    return CALLS[call.operation] * number


def live_part(browser: TestClient, path: str) -> LivePart:
    """Find the part of a page that reloads itself."""
    page = browser.get(path)
    found = LIVE.findall(page.text)
    assert page.status_code == 200
    assert len(found) == 1, path
    address, every, rest = found[0]
    return LivePart(html.unescape(address), int(every), int(rest))


def file_under_way(console: ConsoleStage) -> str:
    """Let a run hold a file; returns the file's id."""
    version = console.stage.upload("slow.csv", csv_file(*GOOD_ROWS))
    now = datetime.now(UTC)
    start = RunStart("run-1", to_iso(now), "message", 1, int(now.timestamp()), int(now.timestamp()) + 900)
    console.stage.services.ledger.begin_run(file_id(version), version, start)
    return file_id(version)


def action_under_way(console: ConsoleStage) -> str:
    """Begin an action that nobody carries out; returns its id."""
    action_id = console.action_id()
    at = to_iso(console.console.now())
    action = ActionEntry(action_id, ActionKind.REPROCESS, at, "ada@example.com", ActionState.RUNNING, expected=5)
    console.console.actions.begin_action(action)
    return action_id


PAGES = (
    *("/", "/?window=hour", "/?window=week", "/metrics", "/metrics?window=hour", "/metrics?window=week"),
    *("/files", "/files?state=partial", "/files/{file}", "/files/{file}?tab=runs", "/files/{file}/runs/run-1"),
    *("/activity", "/activity/{action}", "/dead-letters?action={action}", "/upload/progress?key=raw-data/new.csv"),
)


@pytest.mark.parametrize("path", PAGES)
def test_page_left_open_costs_at_most_ten_cents_a_day(console: ConsoleStage, path: str) -> None:
    """Whatever happens meanwhile, and though no cache helps: every request may meet another function."""
    console.stage.process("orders.csv", csv_file(*GOOD_ROWS, BAD_ROW))
    browser = console.browser()
    path = path.format(file=file_under_way(console), action=action_under_way(console))
    part = live_part(browser, path)
    another = ConsoleStage(console.stage)
    clients = [another.console.client(service) for service in SERVICES]

    with calls_to(*clients, with_sessions=True) as calls:
        answer = another.part(another.browser(), part.address)

    assert answer.status_code == 200
    day = part.polls() * (_REQUEST + sum(map(usd_of, calls)))
    assert len(calls) > 1
    assert day <= MOST_USD, f"{path}: ${day:.3f} a day"


def test_alarms_and_metrics_are_asked_for_once_for_all_readers(console: ConsoleStage) -> None:
    """One function's process shares what CloudWatch bills: pages, their parts and the numbers beside the navigation."""
    browser = console.browser()

    with calls_to(console.console.cloudwatch) as calls:
        for path in ("/", "/metrics", "/files", "/", "/metrics"):
            browser.get(path)

    assert sorted(call.operation for call in calls) == ["DescribeAlarms", "GetMetricData", "GetMetricData"]
