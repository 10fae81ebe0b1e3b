"""The smallest stack that the sidecar can follow, created by API calls without CDK."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from cdk.local.emulator import REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk.local.emulator import Emulator

FUNCTION = "small-processor"
# Says what it does as ours do: a JSON log line with the trace id, a metric line, a subsegment to the daemon.
HANDLER = """
import json, os, socket, time

def handle(event, context):
    begun = time.time()
    header = dict(part.split("=") for part in os.environ["_X_AMZN_TRACE_ID"].split(";"))
    print(json.dumps({"message": "run_begun", "xray_trace_id": header["Root"]}))
    body = json.loads(event["Records"][0]["body"])
    if body.get("raise"):
        raise ValueError(body["raise"])
    subsegment = {
        "id": os.urandom(8).hex(), "name": "## handle", "type": "subsegment", "trace_id": header["Root"],
        "parent_id": header["Parent"], "start_time": begun, "end_time": time.time(),
        "annotations": {"file_id": body["file_id"]},
    }
    host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    datagram = '{"format":"json","version":1}\\n' + json.dumps(subsegment)
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(datagram.encode(), (host, int(port)))
    metrics = [{"Name": "RowsAccepted", "Unit": "Count"}, {"Name": "FilesFailed", "Unit": "Count"}]
    print(json.dumps({
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
            {"Namespace": "Waybill", "Dimensions": [["service", "environment"]], "Metrics": metrics}]},
        "service": "processor", "environment": "test", "RowsAccepted": [body["rows"], 1], "FilesFailed": 0,
    }))
    return {"batchItemFailures": []}
"""


def client(endpoint: str, service: str, certificate: str | None = None) -> Any:
    """Return a client with credentials that nobody else knows."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        REGION,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=certificate,
    )


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@dataclass
class SmallStack:
    """The stack, with its outputs by Waybill's names."""

    endpoint: str
    certificate: str | None
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """Return a client of the emulator."""
        return client(self.endpoint, service, self.certificate)

    def send(self, **body: object) -> None:
        """Invoke the function with this body, through the queue."""
        self.client("sqs").send_message(QueueUrl=self.outputs["QueueUrl"], MessageBody=json.dumps(body))

    def statistics(self, namespace: str, name: str, **dimensions: str) -> dict[str, float]:
        """Return the sum and the number of samples of a metric's last hour."""
        points = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=time.time() - 3600,
            EndTime=time.time() + 3600,
            Period=60,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        return {key: sum(point[key] for point in points) for key in ("Sum", "SampleCount")}

    def rows(self) -> dict[str, float]:
        """Return the statistics of the function's one metric."""
        return self.statistics("Waybill", "RowsAccepted", service="processor", environment="test")


def make(emulator: Emulator) -> SmallStack:
    """Make the stack in a running emulator."""
    certificate = str(emulator.certificate) if emulator.enforce_iam else None

    def aws(service: str) -> Any:
        return client(emulator.endpoint, service, certificate)

    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = aws("iam").create_role(RoleName="small", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    aws("iam").put_role_policy(RoleName="small", PolicyName="all", PolicyDocument=document)
    sqs = aws("sqs")
    urls = {key: sqs.create_queue(QueueName=key)["QueueUrl"] for key in ("small-ingest", "small-dead")}
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as bundle:
        bundle.writestr("index.py", HANDLER)
    aws("lambda").create_function(
        FunctionName=FUNCTION,
        Runtime="python3.12",
        Role=role,
        Handler="index.handle",
        Code={"ZipFile": code.getvalue()},
        Timeout=10,
        TracingConfig={"Mode": "Active"},
    )
    attributes = sqs.get_queue_attributes(QueueUrl=urls["small-ingest"], AttributeNames=["QueueArn"])["Attributes"]
    aws("lambda").create_event_source_mapping(
        FunctionName=FUNCTION,
        EventSourceArn=attributes["QueueArn"],
        BatchSize=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    outputs = {
        "QueueUrl": urls["small-ingest"],
        "DeadLetterQueueUrl": urls["small-dead"],
        "AlertsTopicArn": aws("sns").create_topic(Name="small-alerts")["TopicArn"],
        "ProcessorFunctionName": FUNCTION,
    }
    return SmallStack(emulator.endpoint, certificate, outputs)
