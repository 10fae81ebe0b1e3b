"""The Lambda entry point: wires AWS and telemetry to the use case, and nothing else."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from botocore.config import Config as ClientConfig

from processor.config import Config
from processor.intake import handle_message, reported
from processor.messages import Message
from processor.services import Clients, Invocation, Services
from processor.telemetry import is_sampled, logger, trace_header, trace_id

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Few attempts and short waits: for anything longer SQS delivers the message again, and throttled writes have a backoff
# of their own (processor.store).
_TIMES: Any = {"connect_timeout": 5, "read_timeout": 20, "retries": {"mode": "standard", "total_max_attempts": 3}}
_CHECKED = ClientConfig(**_TIMES)
_UNCHECKED = ClientConfig(**_TIMES, parameter_validation=False)

_session = botocore.session.get_session()
_aws = boto3.Session(botocore_session=_session)
clients = Clients(
    s3=_aws.client("s3", config=_CHECKED),
    files=_aws.client("dynamodb", config=_CHECKED),
    orders=_aws.client("dynamodb", config=_UNCHECKED),
    sqs=_aws.client("sqs", config=_CHECKED),
    sns=_aws.client("sns", config=_CHECKED),
)
services = Services.build(Config.from_environment(os.environ), clients, _session)
services.meter.watch([clients.s3, clients.files, clients.orders, clients.sqs, clients.sns])
# Nothing that is loaded by now is garbage: no collection need look at it again.
gc.freeze()

_cold = True


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answer one batch of SQS messages with those to be delivered again (partial batch response).

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    invocation = Invocation(
        request_id=context.aws_request_id,
        trace_id=trace_id(trace_header()),
        timeout_s=context.get_remaining_time_in_millis() / 1000,
        memory_mb=int(context.memory_limit_in_mb),
        sampled=is_sampled(trace_header()),
    )
    with reported(invocation, services, messages=len(event["Records"]), cold=_is_first_invocation()):
        return process_partial_response(
            event=event,
            record_handler=lambda record: _handle_record(record, invocation),
            # A batch whose every message fails is answered like any other: each is redelivered by itself.
            processor=BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False),
            context=context,
        )


def _handle_record(record: SQSRecord, invocation: Invocation) -> None:
    message = Message(
        message_id=record.message_id,
        receipt_handle=record.receipt_handle,
        body=record.body,
        receive_count=int(record.attributes.approximate_receive_count),
        upstream_trace_id=trace_id(record.attributes.aws_trace_header or ""),
    )
    with logger.append_context_keys(message_id=message.message_id, receive_count=message.receive_count):
        handle_message(message, services, invocation)


def _is_first_invocation() -> bool:
    global _cold
    cold, _cold = _cold, False
    return cold
