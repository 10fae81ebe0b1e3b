"""The metrics that exist: the processor's own, and those of AWS that alarms and the dashboard use."""

import re
from dataclasses import dataclass
from typing import Any

from tests.infra.stacks import as_text, resources

CONTRACT = frozenset(
    {
        "FilesReceived",
        "FilesProcessed",
        "FilesPartial",
        "FilesFailed",
        "FilesHeld",
        "FilesDuplicate",
        "FilesDeadLettered",
        "RunsFailed",
        "RowsAccepted",
        "RowsRejected",
        "BytesProcessed",
        "ProcessingDuration",
        "UploadToSettled",
        "RowsPerSecond",
        "PeakMemory",
        "RangesPeakMemory",
        "ConsumedWriteUnits",
        "EstimatedCost",
        "ColdStarts",
    }
)

AUDIT = frozenset({"AuditedFiles", "AuditDifferences", "FilesVoided", "OrdersVoided", "OrdersReplaced"})
"""The metrics of the console's worker."""

# The dimensions with which AWS publishes each, and the kind of resource that the first one names:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
QUEUE, FUNCTION, TABLE = "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::DynamoDB::Table"
API, MACHINE = "AWS::ApiGatewayV2::Api", "AWS::StepFunctions::StateMachine"
AWS = {
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): QUEUE,
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): QUEUE,
    ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible"): QUEUE,
    ("AWS/Lambda", "Invocations"): FUNCTION,
    ("AWS/Lambda", "Errors"): FUNCTION,
    ("AWS/Lambda", "Throttles"): FUNCTION,
    ("AWS/Lambda", "Duration"): FUNCTION,
    ("AWS/Lambda", "ConcurrentExecutions"): FUNCTION,
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"): TABLE,
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): TABLE,
    ("AWS/DynamoDB", "ReadThrottleEvents"): TABLE,
    ("AWS/DynamoDB", "WriteThrottleEvents"): TABLE,
    **{("AWS/States", f"Executions{ending}"): MACHINE for ending in ("Started", "Succeeded", "Failed", "Aborted")},
    ("AWS/States", "ExecutionsTimedOut"): MACHINE,
    ("AWS/ApiGateway", "Count"): API,
    ("AWS/ApiGateway", "4xx"): API,
    ("AWS/ApiGateway", "5xx"): API,
    ("AWS/ApiGateway", "Latency"): API,
}
DIMENSION = {QUEUE: "QueueName", FUNCTION: "FunctionName", TABLE: "TableName", API: "ApiId", MACHINE: "StateMachineArn"}


@dataclass(frozen=True)
class WatchedMetric:
    """A metric that an alarm or a widget names; dimension values as in stacks.as_text."""

    namespace: str
    name: str
    dimensions: dict[str, str]
    statistic: str
    period_s: int
    id: str = ""


def of_alarm(alarm: dict[str, Any]) -> list[WatchedMetric]:
    """List what an alarm watches, without the expressions."""
    if "MetricName" in alarm:
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        return [_watched(alarm, statistic, alarm["Period"])]
    stats = [(one["Id"], one["MetricStat"]) for one in alarm["Metrics"] if "MetricStat" in one]
    return [_watched(stat["Metric"], stat["Stat"], stat["Period"], metrics) for metrics, stat in stats]


def of_widget(widget: dict[str, Any]) -> list[WatchedMetric]:
    """List what a widget of a dashboard draws or calculates with, without the expressions."""
    found = []
    for entry in widget["properties"].get("metrics", []):
        if isinstance(entry[0], str):
            options = entry[-1] if isinstance(entry[-1], dict) else {}
            namespace, name, *pairs = [part for part in entry if isinstance(part, str)]
            dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
            # What CDK leaves out is CloudWatch's default.
            statistic, period = options.get("stat", "Average"), options.get("period", 300)
            found.append(WatchedMetric(namespace, name, dimensions, statistic, period, options.get("id", "")))
    return found


def problem_with(metric: WatchedMetric) -> str:
    """Return why no such metric can exist in the stack, or ""."""
    if metric.namespace == "Waybill":
        if metric.name not in CONTRACT | AUDIT:
            return f"{metric.name} is not emitted"
        right = {"service": "console" if metric.name in AUDIT else "processor", "environment": "dev"}
        return "" if metric.dimensions == right else f"{metric.name} is emitted with other dimensions"
    kind = AWS.get((metric.namespace, metric.name))
    if kind is None:
        return f"{metric.namespace} {metric.name} is not in the table"
    expected = {DIMENSION[kind]}
    index = metric.dimensions.get("GlobalSecondaryIndexName")
    if kind == TABLE and index:
        expected.add("GlobalSecondaryIndexName")
    if metric.dimensions.keys() != expected:
        return f"{metric.name} has no dimensions {sorted(metric.dimensions)}"
    value = metric.dimensions[DIMENSION[kind]]
    reference = re.fullmatch(r"\$\{(\w+)(\.QueueName)?\}", value)
    resource = resources(kind).get(reference.group(1)) if reference else None
    if resource is None:
        return f"{metric.name} is of {value}, which is no {kind} of the stack"
    indexes = [one["IndexName"] for one in resource["Properties"].get("GlobalSecondaryIndexes", [])]
    return f"{value} has no index {index}" if index and index not in indexes else ""


def _watched(metric: dict[str, Any], statistic: str, period: int, found: str = "") -> WatchedMetric:
    dimensions = {one["Name"]: as_text(one["Value"]) for one in metric["Dimensions"]}
    return WatchedMetric(metric["Namespace"], metric["MetricName"], dimensions, statistic, period, found)
