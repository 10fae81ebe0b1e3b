"""The plan of an alarm: metric, threshold and periods, and the text for the person who gets the mail.

A plan's name is its section in docs/runbook.md. Alarms on events look back half an hour, so that failures now and then
are one incident, not one a minute.
"""

from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch

RUNBOOK = "docs/runbook.md"

AT_LEAST = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD

# How an alarm treats a period without data.
# A queue has data while it holds messages or is polled, so a gap means that CloudWatch is blind: the state stays.
KEEP_STATE = cloudwatch.TreatMissingData.IGNORE
# Runs, errors and throttled writes are only counted when they happen, so no data means that none did.
NOTHING_HAPPENED = cloudwatch.TreatMissingData.NOT_BREACHING


@dataclass(frozen=True, kw_only=True)
class AlarmPlan:
    """One alarm and its texts. `periods` is how many of how many periods must breach."""

    name: str
    metric: cloudwatch.Metric | cloudwatch.MathExpression
    comparison: cloudwatch.ComparisonOperator
    threshold: float
    periods: tuple[int, int]
    missing: cloudwatch.TreatMissingData
    means: str
    look: str
    do: str
    is_essential: bool = False
    """Whether it is deployed where monitoring is small."""

    def describe(self, dashboard: str) -> str:
        """Return the alarm's description; `dashboard` is a line that links to it."""
        where = f"{RUNBOOK}#{self.name}"
        return f"{self.means}\n\nLook at: {self.look}\n{dashboard}\nDo: {self.do}\nRunbook: {where}"
