"""The CloudWatch metrics that alarms and the dashboard use, with their dimensions.

The processor's own arrive by its log lines (EMF), once an invocation, zeros included.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn

NAMESPACE = "Waybill"
SERVICE = "processor"
CONSOLE_SERVICE = "console"


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The metrics of one deployment."""

    environment: str
    function: lambda_.IFunction
    console: lambda_.IFunction
    worker: lambda_.IFunction
    ranges: lambda_.IFunction
    machine: sfn.IStateMachine
    api: apigatewayv2.IHttpApi
    queue: sqs.IQueue
    dead_letters: sqs.IQueue
    failed_actions: sqs.IQueue

    def ours(self, name: str, statistic: str = "Sum", *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one of the processor's own metrics."""
        dimensions = {"service": SERVICE, "environment": self.environment}
        return _metric(NAMESPACE, name, dimensions, statistic, minutes, label)

    def by_worker(self, name: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return the sum of one of those that the console's worker sends, of audits and of orders taken back."""
        dimensions = {"service": CONSOLE_SERVICE, "environment": self.environment}
        return _metric(NAMESPACE, name, dimensions, "Sum", minutes, label)

    def of_function(self, name: str, statistic: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one that Lambda publishes for the processor."""
        return _of_lambda(self.function, name, statistic, minutes, label)

    def of_console(self, name: str, statistic: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one that Lambda publishes for the console."""
        return _of_lambda(self.console, name, statistic, minutes, label)

    def of_worker(self, name: str, statistic: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one that Lambda publishes for the console's worker."""
        return _of_lambda(self.worker, name, statistic, minutes, label)

    def of_ranges(self, name: str, statistic: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one that Lambda publishes for the ranges' function."""
        return _of_lambda(self.ranges, name, statistic, minutes, label)

    def of_machine(self, name: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return the sum of one that Step Functions publishes for the executions of large files."""
        dimensions = {"StateMachineArn": self.machine.state_machine_arn}
        return _metric("AWS/States", name, dimensions, "Sum", minutes, label)

    def of_api(self, name: str, statistic: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one that API Gateway publishes for the console's HTTP API."""
        return _metric("AWS/ApiGateway", name, {"ApiId": self.api.api_id}, statistic, minutes, label)

    def of_queue(self, name: str, statistic: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one that SQS publishes for the ingest queue."""
        return _metric("AWS/SQS", name, {"QueueName": self.queue.queue_name}, statistic, minutes, label)

    def of_dead_letters(self, name: str, statistic: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one that SQS publishes for the dead-letter queue."""
        return _metric("AWS/SQS", name, {"QueueName": self.dead_letters.queue_name}, statistic, minutes, label)

    def of_failed_actions(self, name: str, statistic: str, *, minutes: int = 5, label: str = "") -> cloudwatch.Metric:
        """Return one that SQS publishes for the queue of failed actions."""
        return _metric("AWS/SQS", name, {"QueueName": self.failed_actions.queue_name}, statistic, minutes, label)

    def of_table(
        self, name: str, table: dynamodb.ITable, *, index: str = "", minutes: int = 5, label: str = ""
    ) -> cloudwatch.Metric:
        """Return the sum of one that DynamoDB publishes for a table or, separately, for one of its indexes.

        Not ThrottledRequests or SuccessfulRequestLatency, which exist per operation only.
        """
        dimensions = {"TableName": table.table_name}
        if index:
            dimensions["GlobalSecondaryIndexName"] = index
        return _metric("AWS/DynamoDB", name, dimensions, "Sum", minutes, label)


def _of_lambda(function: lambda_.IFunction, name: str, statistic: str, minutes: int, label: str) -> cloudwatch.Metric:
    return _metric("AWS/Lambda", name, {"FunctionName": function.function_name}, statistic, minutes, label)


def _metric(
    namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, minutes: int, label: str
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dimensions,
        statistic=statistic,
        period=Duration.minutes(minutes),
        label=label or None,
    )


def calculate(
    expression: str, metrics: Mapping[str, cloudwatch.Metric], *, minutes: int = 5, label: str = ""
) -> cloudwatch.MathExpression:
    """Return a metric calculated from others, which the expression names, over one period."""
    return cloudwatch.MathExpression(
        expression=expression,
        using_metrics=dict(metrics),
        period=Duration.minutes(minutes),
        label=label or None,
    )
