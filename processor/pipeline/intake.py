"""From a message to its files: every file of a message gets its turn, and one failure sends the message back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain import object_keys
from processor.domain.errors import FileBusyError, MessageError, MessageFailedError
from processor.messaging.messages import Reprocess, Request, parse_body
from processor.observability.telemetry import logger
from processor.pipeline.process_file import process_file
from processor.pipeline.retry import RetryPolicy

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from processor.messaging.messages import Message
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services


def handle_message(message: Message, services: Services, invocation: Invocation) -> None:
    """Process every file that the message names.

    Raises :class:`MessageFailedError` if any of them must be tried again, after setting the message's visibility to
    the backoff: the queue's own visibility timeout is for functions that died.
    """
    failures: list[Exception] = []
    busy_s = 0
    try:
        requests = parse_body(message.body, bucket=services.config.bucket_name)
    except MessageError as error:
        logger.warning("message_refused", extra={"error": str(error)})
        requests, failures = [], [error]
    logger.debug("message_read", extra={"requests": len(requests)})
    message = message._replace(alone=len(requests) == 1)
    for request in requests:
        try:
            _process(request, message, services, invocation)
        except MessageError as error:
            logger.warning("message_refused", extra={"error": str(error)})
            failures.append(error)
        except FileBusyError as error:
            busy_s = max(busy_s, error.free_in_s)
            failures.append(error)
        except Exception as error:  # noqa: BLE001 - one bad file never takes its neighbours down
            failures.append(error)
        finally:
            logger.remove_keys(["file_id", "object_key", "run_id"])
    if failures:
        services.queue.postpone(message, max(busy_s, RetryPolicy.of(services.config).delay_s(message)))
        raise MessageFailedError(failures) from failures[0]


def _process(request: Request, message: Message, services: Services, invocation: Invocation) -> None:
    file_id, source, uploaded_at = _locate(request, services)
    logger.append_keys(file_id=file_id, object_key=source.key)
    process_file(file_id, source, uploaded_at, message, services, invocation)


def _locate(request: Request, services: Services) -> tuple[str, ObjectVersion, str]:
    """Find the file that a request is about; raises :class:`MessageError` for a command about an unknown one."""
    if isinstance(request, Reprocess):
        entry = services.ledger.read(request.file_id)
        if entry is None:
            raise MessageError(f"there is no file {request.file_id!r:.40}")
        return entry.file_id, entry.original, ""
    return object_keys.file_id(request.source), request.source, request.uploaded_at
