"""The cost of usage: one price table, and the arithmetic from usage to dollars. Pure.

Costs are estimates: list prices of one region without free tiers, taxes or discounts, and without the function's Init
phase, which its code cannot see.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal

PRICES_REGION = "us-east-1"
PRICES_DATE = "2026-11"
PRICES_SOURCE = "https://aws.amazon.com/{dynamodb,s3,sqs,sns,lambda}/pricing/"

_MILLION = Decimal(1_000_000)
PRICES: dict[str, Decimal] = {  # US dollars for one unit
    "orders_write_units": Decimal("0.625") / _MILLION,
    "orders_index_write_units": Decimal("0.625") / _MILLION,
    "ledger_write_units": Decimal("0.625") / _MILLION,
    "read_units": Decimal("0.125") / _MILLION,
    "s3_writes": Decimal("5.00") / _MILLION,
    "s3_reads": Decimal("0.40") / _MILLION,
    "sqs_requests": Decimal("0.40") / _MILLION,
    "sns_publishes": Decimal("0.50") / _MILLION,
    "lambda_requests": Decimal("0.20") / _MILLION,
    "state_transitions": Decimal("25.00") / _MILLION,
    "lambda_gb_seconds": Decimal("0.0000133334"),  # arm64; x86_64 is a quarter dearer
}

_PLACES = Decimal("1E-12")
_HINT_FROM = Decimal("0.2")
"""The least share of the bill that is worth a hint."""
_HINT_FROM_USD = Decimal("0.01")
"""The least amount that is worth a hint, on one file."""


@dataclass(slots=True)
class Usage:
    """Usage of everything that is paid for. Usages can be added, and subtracted to tell runs apart."""

    orders_write_units: float = 0
    orders_index_write_units: float = 0
    ledger_write_units: float = 0
    """Of the files table with its indexes."""
    read_units: float = 0
    s3_writes: int = 0
    """PUT, COPY, POST and LIST requests."""
    s3_reads: int = 0
    """GET and HEAD requests; deletes are free."""
    sqs_requests: int = 0
    sns_publishes: int = 0
    lambda_requests: int = 0
    lambda_gb_seconds: float = 0
    state_transitions: int = 0
    """Of Step Functions, for a file in ranges."""

    @property
    def write_units(self) -> float:
        """All DynamoDB write units."""
        return self.orders_write_units + self.orders_index_write_units + self.ledger_write_units

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in _NAMES})

    def __sub__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) - getattr(other, name) for name in _NAMES})

    def costs(self) -> dict[str, Decimal]:
        """Return the costs in US dollars, the dearest first, without zeros."""
        priced = {name: Decimal(str(getattr(self, name))) * PRICES[name] for name in _NAMES}
        ranked = sorted(priced.items(), key=lambda pair: (-pair[1], pair[0]))
        return {name: cost.quantize(_PLACES).normalize() for name, cost in ranked if cost}

    def total(self) -> Decimal:
        """Return the sum of the costs in US dollars."""
        return sum(self.costs().values(), Decimal(0))


_NAMES = tuple(field.name for field in fields(Usage))


def hints(usage: Usage, *, rows: int) -> tuple[str, ...]:
    """Say what would make such a file cheaper, where it saves a fifth of the bill, and a cent at least."""
    costs = usage.costs()
    total = sum(costs.values(), Decimal(0))
    texts: list[str] = []

    def share_worth_saving(*names: str) -> Decimal:
        cost = sum((costs.get(name, Decimal(0)) for name in names), Decimal(0))
        return cost / total if cost >= _HINT_FROM_USD and cost / total >= _HINT_FROM else Decimal(0)

    if index := share_worth_saving("orders_index_write_units"):
        texts.append(f"The index by_customer is {index:.0%} of the bill; order_indexes= leaves it out.")
    if per_file := share_worth_saving("s3_writes", "s3_reads", "sqs_requests", "lambda_requests", "ledger_write_units"):
        texts.append(
            f"What every file costs, whatever its size, is {per_file:.0%} of the bill of these {rows:,} rows; "
            "fewer, larger files are cheaper."
        )
    if compute := share_worth_saving("lambda_gb_seconds"):
        texts.append(f"The function's time is {compute:.0%} of the bill; see the slowest files for why.")
    return tuple(texts)
