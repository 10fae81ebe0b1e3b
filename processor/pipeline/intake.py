"""Intake: every file that a message names is processed, and one failure brings the whole message back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain import object_keys
from processor.domain.errors import FileBusyError, FileForgottenError, MessageError, MessageFailedError, ObjectGoneError
from processor.messaging.messages import Arrival, Reprocess, Request, parse_body
from processor.observability.telemetry import logger
from processor.pipeline.arrivals import leave_alone
from processor.pipeline.process_file import DONE, process_file
from processor.pipeline.retry import RetryPolicy, in_words
from processor.pipeline.same_upload import clear_forgotten

if TYPE_CHECKING:
    from processor.messaging.messages import Message
    from processor.pipeline.process_file import Outcome
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services


def handle_message(message: Message, services: Services, invocation: Invocation) -> bool:
    """Process every file that the message names; tell whether the message is done with.

    It is not while a file of it is read in ranges: then it stays hidden until that must have ended. Raises
    :class:`MessageFailedError` if any file must be tried again, after hiding the message for the backoff: the queue's
    own visibility timeout is for functions that died.
    """
    requests, failures = _requests_of(message, services.config.bucket_name)
    message = message._replace(alone=len(requests) == 1)
    hidden_s = 0
    for request in requests:
        try:
            outcome = _process(request, message, services, invocation)
            hidden_s = max(hidden_s, outcome.hidden_until - int(services.now().timestamp()))
        except FileBusyError as error:
            hidden_s = max(hidden_s, error.free_in_s)
            failures.append(error)
        except MessageError as error:
            logger.warning("message_refused", extra={"error": str(error)})
            failures.append(error)
        except Exception as error:  # noqa: BLE001 - one bad file never takes its neighbours down
            cause, words = in_words(error)
            logger.warning("request_failed", extra={"cause": cause, "error": words})
            failures.append(error)
        finally:
            logger.remove_keys(["file_id", "object_key", "run_id"])
    if failures:
        services.queue.postpone(message, max(hidden_s, RetryPolicy.of(services.config).delay_s(message)))
        raise MessageFailedError(failures) from failures[0]
    if hidden_s:
        services.queue.postpone(message, hidden_s)
    return not hidden_s


def _requests_of(message: Message, bucket: str) -> tuple[list[Request], list[Exception]]:
    """Read the message; return what it asks for, or why it cannot be read."""
    try:
        requests = parse_body(message.body, bucket=bucket)
    except MessageError as error:
        logger.warning("message_refused", extra={"error": str(error)})
        return [], [error]
    logger.debug("message_read", extra={"requests": len(requests)})
    return requests, []


def _process(request: Request, message: Message, services: Services, invocation: Invocation) -> Outcome:
    try:
        try:
            file_id, arrival = _locate(request, services)
        except ObjectGoneError:
            # S3 names the version of each object: this event did not, and whatever it was about is settled or deleted.
            logger.warning("arrival_ignored", extra={"reason": "object_gone"})
            return DONE
        logger.append_keys(file_id=file_id, object_key=arrival.source.key)
        left = leave_alone(arrival, message, services)
        return left or process_file(file_id, arrival, message, services, invocation)
    except FileForgottenError as error:
        clear_forgotten(services, error)
        return DONE


def _locate(request: Request, services: Services) -> tuple[str, Arrival]:
    """Find the file that a request is about, and the object that holds it.

    An object without a version is the newest one, which S3 is asked for, or the file would have two identities. Raises
    :class:`MessageError` for a command about an unknown file, :class:`ObjectGoneError` and
    :class:`FileForgottenError`.
    """
    if isinstance(request, Reprocess):
        entry = services.ledger.read_file(request.file_id)
        if entry is None:
            services.ledger.refuse_forgotten(request.file_id)
            raise MessageError(f"there is no file {request.file_id!r:.40}")
        return entry.file_id, Arrival(entry.original, is_whole=True)
    source = request.source if request.source.version_id else services.objects.read_facts(request.source).version
    return object_keys.file_id(source), request._replace(source=source)
