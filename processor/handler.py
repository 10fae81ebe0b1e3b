"""The Lambda entry point: a batch of SQS messages, each handled by itself."""

from __future__ import annotations

import gc

gc.disable()  # Imports make no garbage; looking for some takes a twentieth of their time. wiring.runtime enables it.

from typing import TYPE_CHECKING, Any

from processor.domain.errors import MessageFailedError
from processor.messaging.messages import Message
from processor.observability.telemetry import logger
from processor.pipeline.intake import handle_message
from processor.wiring.invocation import Invocation, invocation_of, report_invocation
from processor.wiring.runtime import services

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answer one batch of SQS messages with those to be delivered again (partial batch response).

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    records, invocation = event["Records"], invocation_of(context)
    with report_invocation(invocation, services, messages=len(records)):
        # A batch whose every message fails is answered like any other: each is redelivered by itself.
        again = [record["messageId"] for record in records if not _is_done(record, invocation)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _is_done(record: dict[str, Any], invocation: Invocation) -> bool:
    """Handle one record; tell whether its message is done with."""
    try:
        message = Message.from_record(record)
        with logger.append_context_keys(message_id=message.message_id, receive_count=message.receive_count):
            return handle_message(message, services, invocation)
    except MessageFailedError:
        return False  # Each of its failures is in the log.
    except Exception as error:  # noqa: BLE001 - one bad message never takes its neighbours down
        logger.warning("message_failed", extra={"error": f"{type(error).__name__}: {error}"}, exc_info=error)
        return False
