"""What the page on cost says of monitoring, and of a small user, follows from the template and the table of prices."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from admin_api.monitoring.series import Series, kept_series
from admin_api.pages.metrics import index as metrics_page
from admin_api.pages.overview import index as overview
from processor.observability.cost import PRICES
from processor.observability.metrics import kept_metrics
from tests.infra.known_metrics import of_alarm
from tests.infra.stacks import resources

PAGE = (Path(__file__).parents[2] / "docs/cost.md").read_text(encoding="utf-8")
MONITORING = ("small", "full")
# List prices of us-east-1: https://aws.amazon.com/cloudwatch/pricing/
METRIC, ALARM_METRIC, COMPOSITE, DASHBOARD = Decimal("0.30"), Decimal("0.10"), Decimal("0.50"), Decimal(3)


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table of a section, without its header and its asterisks."""
    section = re.split(r"^## ", PAGE.partition(f"## {heading}\n")[2], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().replace("*", "") for cell in line.strip("|").split("|")] for line in lines]


def counted(monitoring: str) -> list[int]:
    """Count what is paid for: metrics, metrics of alarms, composite alarms, dashboards."""
    alarms = resources("AWS::CloudWatch::Alarm", monitoring=monitoring).values()
    return [
        len(kept_metrics(monitoring)),
        sum(len(of_alarm(alarm["Properties"])) for alarm in alarms),
        len(resources("AWS::CloudWatch::CompositeAlarm", monitoring=monitoring)),
        len(resources("AWS::CloudWatch::Dashboard", monitoring=monitoring)),
    ]


def cost_of(monitoring: str) -> Decimal:
    """Add up a month of monitoring."""
    prices = (METRIC, ALARM_METRIC, COMPOSITE, DASHBOARD)
    return sum((count * price for count, price in zip(counted(monitoring), prices, strict=True)), Decimal(0))


@pytest.mark.parametrize("monitoring", MONITORING)
def test_the_table_of_monitoring_is_the_template(monitoring: str) -> None:
    """Counts, products and the sum, for each value of the setting."""
    column = {"small": 2, "full": 4}[monitoring]
    *rows, last = table("Monitoring")
    prices = [Decimal(re.sub(r"[^\d.]", "", row[1])) for row in rows]

    assert [int(row[column]) for row in rows] == counted(monitoring)
    assert prices == [METRIC, ALARM_METRIC, COMPOSITE, DASHBOARD]
    products = [price * int(row[column]) for row, price in zip(rows, prices, strict=True)]
    assert [Decimal(row[column + 1]) for row in rows] == products
    assert Decimal(last[column + 1]) == cost_of(monitoring)


def test_small_monitoring_costs_less_than_two_dollars() -> None:
    """At list prices, free tiers left out."""
    assert len(resources("AWS::CloudWatch::Alarm", monitoring="small")) == 4
    assert cost_of("small") < 2


def test_a_small_user_pays_less_than_five_dollars() -> None:
    """100,000 rows a month: the lines add up, and those that follow from prices and template do."""
    *rows, (_, _, total) = table("A small user")
    lines = {name: Decimal(amount) for name, _, amount in rows}
    a_file = Decimal(table("One file of 1,000 rows")[-1][-1])

    assert sum(lines.values()) == Decimal(total)
    assert Decimal(total) < 5
    assert lines["Monitoring"] == cost_of("small")
    assert lines["Files"] == round(100 * a_file, 2)
    assert lines["Idle"] == 650_000 * PRICES["sqs_requests"]


def test_the_table_of_a_file_uses_the_table_of_prices() -> None:
    """Each line is its units at the price of the code, and the last is their sum."""
    rows = {name: Decimal(amount) for name, _, _, amount in table("One file of 1,000 rows")}

    assert rows["DynamoDB, orders"] == 1000 * PRICES["orders_write_units"]
    assert rows["DynamoDB, index `by_customer`"] == 1000 * PRICES["orders_index_write_units"]
    assert rows["DynamoDB, ledger"] == pytest.approx(17 * PRICES["ledger_write_units"], abs=Decimal("1e-6"))
    assert rows["S3"] == pytest.approx(3 * PRICES["s3_writes"] + 2 * PRICES["s3_reads"], abs=Decimal("1e-6"))
    assert rows["Lambda, arm64, 256 MB"] == pytest.approx(
        PRICES["lambda_requests"] + PRICES["lambda_gb_seconds"] / 4, abs=Decimal("1e-6")
    )
    total = rows.pop("Sum")
    assert sum(rows.values()) == pytest.approx(total, abs=Decimal("0.000005"))


def test_the_metrics_that_a_page_asks_for_are_counted() -> None:
    """GetMetricData is billed by the metric."""

    def counts(series: tuple[Series, ...]) -> tuple[int, int]:
        return len(series), len(kept_series(series, "small"))

    said = re.search(r"overview asks for (\d+) \((\d+) with `small`\), the\s+page of metrics for (\d+) \((\d+)\)", PAGE)

    assert said
    assert tuple(map(int, said.groups())) == (*counts(overview._SERIES), *counts(metrics_page._SERIES))
