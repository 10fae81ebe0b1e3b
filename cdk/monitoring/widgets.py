"""The dashboard's widgets: text across the whole width, and graphs side by side."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

WIDTH, HEIGHT = 24, 6
RED, ORANGE = "#d62728", "#ff7f0e"

type Rows = list[list[cloudwatch.IWidget]]


def text(markdown: str, *, height: int = 2) -> cloudwatch.TextWidget:
    """Return a section's heading in Markdown, with what to do when its graphs look wrong."""
    return cloudwatch.TextWidget(markdown=markdown, width=WIDTH, height=height)


def graph(
    title: str,
    lines: Sequence[cloudwatch.Metric | cloudwatch.MathExpression],
    *,
    unit: str,
    limits: Mapping[str, float] | None = None,
    top: float | None = None,
    start: str | None = None,
    across: int = 3,
) -> cloudwatch.GraphWidget:
    """Return a graph of lines over time, `across` graphs to a row.

    `limits` are labelled horizontal lines, the last one red. `start` overrides the dashboard's range, such as "-P30D".
    """
    labels = list(limits or {})
    return cloudwatch.GraphWidget(
        title=title,
        left=list(lines),
        left_y_axis=cloudwatch.YAxisProps(label=unit, show_units=False, min=0, max=top),
        left_annotations=[
            cloudwatch.HorizontalAnnotation(label=label, value=value, color=RED if label == labels[-1] else ORANGE)
            for label, value in (limits or {}).items()
        ],
        start=start,
        width=WIDTH // across,
        height=HEIGHT,
    )
