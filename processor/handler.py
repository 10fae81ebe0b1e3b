"""The Lambda entry point: wires AWS and telemetry to the use case, and nothing else."""

from __future__ import annotations

import gc

gc.disable()  # Nothing that an import makes is garbage; looking for some takes a twentieth of all imports.

import os
from typing import TYPE_CHECKING, Any

from botocore.config import Config as ClientConfig

from processor.messaging.messages import Message
from processor.observability.telemetry import is_sampled, logger, trace_header, trace_id
from processor.observability.usage_meter import UsageMeter
from processor.pipeline.intake import handle_message, reported
from processor.wiring.aws_session import session_of
from processor.wiring.config import Config
from processor.wiring.lazy_client import LazyClient
from processor.wiring.services import Clients, Invocation, Services

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Few attempts and short waits: for anything longer SQS delivers the message again, and throttled writes have a backoff
# of their own (processor.orders.writer).
_TIMES: Any = {"connect_timeout": 5, "read_timeout": 20, "retries": {"mode": "standard", "total_max_attempts": 3}}
_CHECKED = ClientConfig(**_TIMES)
_UNCHECKED = ClientConfig(**_TIMES, parameter_validation=False)

_session = session_of("s3", "dynamodb", "sqs", "sns", "stepfunctions")
_config = Config.from_environment(os.environ)
_usage_meter = UsageMeter(_config.orders_table)


def _client(service: Any, config: ClientConfig = _CHECKED) -> Any:
    client = _session.create_client(service, config=config)
    _usage_meter.watch([client])
    return client


def _later(service: str, config: ClientConfig = _CHECKED) -> Any:
    return LazyClient(lambda: _client(service, config))


clients = Clients(
    s3=_client("s3"),
    files=_client("dynamodb"),
    orders=_later("dynamodb", _UNCHECKED),
    sqs=_later("sqs"),
    sns=_later("sns"),
    states=_later("stepfunctions"),
)
services = Services.build(_config, clients, _usage_meter, _session)
# Nothing that is loaded by now is garbage: no collection need look at it again.
gc.freeze()
gc.enable()
# Rows are tuples of text, which are no garbage before they are freed: looking at each thousand of them finds nothing.
gc.set_threshold(100_000)

_cold = True


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answer one batch of SQS messages with those to be delivered again (partial batch response).

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    invocation = invocation_of(context)
    with reported(invocation, services, messages=len(event["Records"]), cold=is_first_invocation()):
        # A batch whose every message fails is answered like any other: each is redelivered by itself.
        failed = [record["messageId"] for record in event["Records"] if not _is_handled(record, invocation)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def invocation_of(context: LambdaContext) -> Invocation:
    """Describe the invocation that Lambda has begun."""
    return Invocation(
        request_id=context.aws_request_id,
        trace_id=trace_id(trace_header()),
        timeout_s=context.get_remaining_time_in_millis() / 1000,
        memory_mb=int(context.memory_limit_in_mb),
        sampled=is_sampled(trace_header()),
    )


def _is_handled(record: dict[str, Any], invocation: Invocation) -> bool:
    try:
        _handle_record(record, invocation)
    except Exception as error:  # noqa: BLE001 - one bad message never takes its neighbours down
        logger.debug("message_failed", exc_info=error)
        return False
    return True


def _handle_record(record: dict[str, Any], invocation: Invocation) -> None:
    attributes = record["attributes"]
    message = Message(
        message_id=record["messageId"],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        receive_count=int(attributes["ApproximateReceiveCount"]),
        upstream_trace_id=trace_id(attributes.get("AWSTraceHeader", "")),
    )
    with logger.append_context_keys(message_id=message.message_id, receive_count=message.receive_count):
        handle_message(message, services, invocation)


def is_first_invocation() -> bool:
    """Tell whether this is a cold start; True once."""
    global _cold
    cold, _cold = _cold, False
    return cold
