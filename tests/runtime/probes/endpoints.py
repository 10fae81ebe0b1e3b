"""Calls each client of a function and stops each call before it is sent."""

import os
from types import SimpleNamespace
from typing import Any

OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "cloudwatch": ("describe_alarms", {}),
    "cognito-idp": ("describe_user_pool", {"UserPoolId": "eu-central-1_abc"}),
    "dynamodb": ("get_item", {"TableName": "orders", "Key": {"order_id": {"S": "1"}}}),
    "lambda": ("get_account_settings", {}),
    "logs": ("describe_log_groups", {}),
    "s3": ("head_object", {"Bucket": "waybill-prod-123456789012", "Key": "raw-data/orders.csv"}),
    "secretsmanager": ("get_secret_value", {"SecretId": "session-key"}),
    "sns": ("publish", {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:alerts", "Message": "A person is needed."}),
    "sqs": ("send_message", {"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/1/ingest", "MessageBody": "{}"}),
    "stepfunctions": ("list_state_machines", {}),
    "xray": ("batch_get_traces", {"TraceIds": ["1-5759e988-bd862e3fe1be46a994272793"]}),
}


class StoppedError(Exception):
    """The request is ready, and is not sent."""


def stop(request: object, **_: object) -> None:
    """Stop a request."""
    raise StoppedError(request)


def request_of(client: Any) -> dict[str, Any]:
    """Return the address and headers of the client's request."""
    name, parameters = OPERATIONS[client.meta.service_model.service_name]
    client.meta.events.register_first("before-send", stop)
    try:
        getattr(client, name)(**parameters)
    except StoppedError as stopped:
        [request] = stopped.args
        headers = {
            key.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for key, value in request.headers.items()
        }
        return {"url": request.url, "headers": headers}
    raise AssertionError(name)


def handle(event: dict[str, str], _context: SimpleNamespace) -> dict[str, Any]:
    """Return the requests of the processor's or the console's clients by service."""
    return processor() if event["function"] == "Processor" else console()


def processor() -> dict[str, Any]:
    """Return the requests of the processor's clients, and the head of the one that is signed by ourselves."""
    from processor.wiring.runtime import _clients, services  # noqa: PLC0415

    requests = {client.meta.service_model.service_name: request_of(client) for client in _clients}
    sender: Any = services.new_order_writer().sender
    head = sender._signer.head(b"{}").decode()
    lines = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
    requests["orders"] = {
        "url": f"{'https' if sender._address.tls else 'http'}://{sender._address.host}:{sender._address.port}/",
        "headers": {key.lower(): value for key, value in lines.items()},
    }
    return requests


def console() -> dict[str, Any]:
    """Return the requests of the console's clients, and where it learns of the user pool."""
    from admin_api.wiring import services  # noqa: PLC0415
    from admin_api.wiring.config import Config  # noqa: PLC0415

    console = services.Console.connect(Config.from_environment(os.environ))
    requests = {name: request_of(console.client(name)) for name in services._SERVICES}
    return requests | {"discovery": {"url": console.discovery_url, "headers": {}}}
