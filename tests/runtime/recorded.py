"""The events of AWS's documentation, each with its address, and what a deployment has in their places."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from tests.runtime.cloud import Cloud

EVENTS = Path(__file__).with_name("events")
HEADER = "order_id,customer_name,product_name,quantity,unit_price\n"


def recorded(name: str) -> Any:
    """Return an event as it is documented."""
    return json.loads((EVENTS / f"{name}.json").read_text())["event"]


def upload(cloud: Cloud, key: str, body: str) -> dict[str, Any]:
    """Put an object into the inbox and return S3's event about it."""
    bucket = cloud.ref("StorageBucket")
    stored = cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body.encode())
    event: dict[str, Any] = recorded("s3_put")
    s3 = event["Records"][0]["s3"]
    s3["bucket"]["name"] = bucket
    s3["object"] |= {"key": quote_plus(key, safe="/"), "size": len(body), "versionId": stored["VersionId"]}
    return event


def sqs_event(*bodies: str) -> dict[str, Any]:
    """Return a batch of messages with these bodies."""
    event: dict[str, Any] = recorded("sqs")
    [record] = event["Records"]
    event["Records"] = [{**copy.deepcopy(record), "messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]
    return event


def http_event(method: str, path: str, *cookies: str, body: str | None = None, **headers: str) -> dict[str, Any]:
    """Return a request to the console through its HTTP API."""
    event: dict[str, Any] = recorded("http_api")
    event |= {"rawPath": path, "rawQueryString": "", "queryStringParameters": None, "body": body}
    event |= {"headers": {"host": "console.test", **headers}, "cookies": list(cookies), "pathParameters": None}
    event["requestContext"]["http"] |= {"method": method, "path": path}
    return event


def stored_orders(cloud: Cloud, order_id: str) -> list[dict[str, Any]]:
    """Return the stored lines of an order."""
    condition = {"KeyConditionExpression": "order_id = :id", "ExpressionAttributeValues": {":id": {"S": order_id}}}
    items: list[dict[str, Any]] = cloud.client("dynamodb").query(TableName=cloud.ref("Orders"), **condition)["Items"]
    return items


def task(file_id: str) -> dict[str, Any]:
    """Return the run that the state machine is given, of a file."""
    run = {"run_id": "r", "message_id": "m", "receipt_handle": "h", "receive_count": 1}
    return {**run, "file_id": file_id, "alone": True, "lease_until": 1_795_000_000, "used": {}}
