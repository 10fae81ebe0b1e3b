"""The cost of each page of the console: calls to AWS, bytes of a first view, CPU at 100,000 files against 100.

    python -m tests.bench.console [--files 100000]

The application runs in this process and AWS in another, the emulator, so that CPU time is the console's own. Two
ledgers, a small and a large one, take turns, so that other load on the machine meets both.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3
from rich.console import Console as Terminal
from rich.table import Table
from starlette.testclient import TestClient

from admin_api.app import create_app
from admin_api.monitoring.status import StatusReader
from admin_api.web.sessions import SESSION_COOKIE
from admin_api.wiring.config import Config
from admin_api.wiring.services import Console
from cdk.local.deploy import bring_up
from cdk.local.emulator import Emulator
from cdk.local.processes import ROOT
from processor.observability.telemetry import logger
from tests.bench.ledger import FILE_ID, ORDER_ID, RUN_ID, fill, fill_orders, same_table
from tests.bench.report import keep
from tests.integration.admin_api.console import OPERATOR, session_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCAL = ROOT / ".local"
SMALL = 100
REPEATS = 15
PAGES = {
    "Overview": "/",
    "Files": "/files",
    "Files, failed": "/files?state=failed",
    "Files, searched": "/files?name=orders-00",
    "A file": f"/files/{FILE_ID}",
    "A run": f"/files/{FILE_ID}/runs/{RUN_ID}",
    "Orders": "/orders",
    "Orders of a file": f"/orders?file={FILE_ID}",
    "Orders of a customer": "/orders?customer=Ada+Lovelace",
    "Names beside them": f"/files/names?id={FILE_ID}",
    "An order": f"/orders/{ORDER_ID}",
    "Dead letters": "/dead-letters",
    "Metrics": "/metrics",
    "Activity": "/activity",
    "Upload": "/upload",
    "JSON API": "/api/docs",
}
_ASSET = re.compile(r'(?:src|href)="(/static/[^"#]+)')


@dataclass
class Calls:
    """The calls to AWS since the last look, by service and operation."""

    counted: Counter[str] = field(default_factory=Counter)

    def watch(self, client: Any) -> Any:
        """Count a client's calls from now on."""
        client.meta.events.register("before-send", self._count)
        return client

    def _count(self, event_name: str, **_: Any) -> None:
        service, operation = event_name.split(".")[1:]
        self.counted[f"{service}.{operation}"] += 1

    def take(self) -> dict[str, int]:
        """Return the counts and reset them."""
        taken, self.counted = dict(self.counted), Counter()
        return taken


@dataclass(frozen=True)
class Subject:
    """The console in front of one ledger."""

    files: int
    calls: Calls
    browser: TestClient


@dataclass
class PageCost:
    """The cost of one page."""

    name: str
    calls: dict[str, int]
    """Of one view, with the numbers beside the navigation fresh."""
    first_view_bytes: int
    """As transferred: compressed, with every static file the page names."""
    cpu_ms: dict[int, list[float]]
    """By number of files."""

    @property
    def ratio(self) -> float:
        """CPU at many files to CPU at few."""
        few, many = sorted(self.cpu_ms)
        return statistics.median(self.cpu_ms[many]) / statistics.median(self.cpu_ms[few])

    def document(self) -> dict[str, Any]:
        """Return it as a document for the results file."""
        medians = {str(files): round(statistics.median(taken), 2) for files, taken in self.cpu_ms.items()}
        return {
            "page": self.name,
            "calls": self.calls,
            "first_view_bytes": self.first_view_bytes,
            "cpu_ms": medians,
            "cpu_ratio": round(self.ratio, 3),
        }


def measure(subjects: list[Subject]) -> Iterator[PageCost]:
    """Measure every page in turn at every ledger."""
    for name in PAGES:
        cpu: dict[int, list[float]] = {subject.files: [] for subject in subjects}
        for _ in range(REPEATS):
            for subject in subjects:
                began = time.process_time()
                _get(subject, name)
                cpu[subject.files].append((time.process_time() - began) * 1000)
        large = subjects[-1]
        _get(large, name)  # Whatever is kept for some seconds is fresh now.
        large.calls.take()
        _get(large, name)
        yield PageCost(name, large.calls.take(), first_view_bytes(large, name), cpu)


def _get(subject: Subject, name: str) -> str:
    answer = subject.browser.get(PAGES[name])
    if answer.status_code != 200:
        raise SystemExit(f"{PAGES[name]} answered {answer.status_code}: {answer.text[:500]}")
    return answer.text


def first_view_bytes(subject: Subject, name: str) -> int:
    """Add up what a browser with an empty cache transfers."""
    html = _get(subject, name)
    addresses = {PAGES[name], *_ASSET.findall(html)}
    return sum(int(subject.browser.get(address).headers["Content-Length"]) for address in addresses)


def table_of(costs: list[PageCost], few: int, many: int) -> Table:
    """Draw the results."""
    table = Table(box=None, header_style="bold", title_justify="left")
    for heading in ("Page", "Calls to AWS", "First view", f"CPU at {few:,}", f"CPU at {many:,}", "Ratio"):
        table.add_column(heading, justify="left" if heading in {"Page", "Calls to AWS"} else "right")
    for cost in costs:
        calls = ", ".join(f"{number} {name.split('.')[1]}" for name, number in sorted(cost.calls.items())) or "none"
        medians = [f"{statistics.median(cost.cpu_ms[files]):.1f} ms" for files in (few, many)]
        table.add_row(cost.name, calls, f"{cost.first_view_bytes / 1000:.1f} kB", *medians, f"{cost.ratio:.2f}")
    return table


def main() -> None:
    """Deploy, fill both ledgers, measure, print and write the results."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.console")
    parser.add_argument("--files", type=int, default=100_000, help="how many files the large ledger holds")
    many: int = parser.parse_args().files
    logger.setLevel("ERROR")  # A line for each request would drown the table.
    with Emulator(0, LOCAL / "bench-console") as emulator:
        outputs = bring_up(
            emulator, out_dir=LOCAL / "cdk.out.test", context={"timeout_s": 10, "retry_backoff_s": [1, 2]}
        )
        os.environ.update(emulator.client_env())
        costs = list(measure(_subjects(outputs, many)))
    terminal = Terminal()
    terminal.print(table_of(costs, SMALL, many))
    keep("console", [cost.document() for cost in costs])


def _subjects(outputs: dict[str, str], many: int) -> list[Subject]:
    config = Config.from_environment(_environment(outputs["ConsoleFunctionName"]))
    subjects = []
    for files, table in ((SMALL, f"{config.files_table}-small"), (many, config.files_table)):
        calls = Calls()
        console = _counted(Console.connect(replace(config, files_table=table)), calls)
        if files == SMALL:
            same_table(console.dynamodb, config.files_table, table)
        # The emulator takes seconds to count a large ledger: numbers kept for some seconds would be stale at each view.
        status = StatusReader(console.counters, console.dead_letters, console.alarms, now=lambda: 0.0)
        vars(console)["status"] = status  # As the cached property would.
        fill(console, files)
        fill_orders(console)
        browser = TestClient(
            create_app(console), base_url=config.console_url, headers={"Sec-Fetch-Site": "same-origin"}
        )
        browser.cookies.set(SESSION_COOKIE, session_cookie(OPERATOR, console.session_key))
        subjects.append(Subject(files, calls, browser))
    return subjects


def _environment(function_name: str) -> dict[str, str]:
    """Read the deployed console's environment."""
    configuration = boto3.client("lambda").get_function_configuration(FunctionName=function_name)
    return dict(configuration["Environment"]["Variables"])


def _counted(console: Console, calls: Calls) -> Console:
    return replace(console, client=lambda *args, **options: calls.watch(console.client(*args, **options)))


if __name__ == "__main__":
    main()
