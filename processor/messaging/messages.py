"""Messages of the ingest queue, and the requests in them: S3 events, and commands of the console. Pure.

S3's event structure: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

from processor.domain.errors import MessageError
from processor.domain.object_keys import INBOX, ObjectVersion, is_folder_marker

if TYPE_CHECKING:
    from collections.abc import Mapping

REPROCESS = "reprocess"


class Arrival(NamedTuple):
    """An object came into the inbox."""

    source: ObjectVersion
    uploaded_at: str = ""
    """ISO 8601 in UTC, as S3 wrote it; "" if it is no such text."""


class Reprocess(NamedTuple):
    """A person asks for a new run of a stored file."""

    file_id: str


type Request = Arrival | Reprocess


class Message(NamedTuple):
    """An SQS message as the processor sees it; times are seconds since the epoch."""

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    trace_header: str = ""
    """X-Ray's header of the request that put the object, where S3 passed it on."""
    alone: bool = True
    """Whether the message asks for one file only."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Message:
        """Read a record of the event that Lambda makes of a batch of messages.

        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
        """
        attributes = record["attributes"]
        return cls(
            message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            receive_count=int(attributes["ApproximateReceiveCount"]),
            trace_header=attributes.get("AWSTraceHeader", ""),
        )


def reprocess_body(file_id: str) -> str:
    """Write the command's message body."""
    return json.dumps({"command": REPROCESS, "file_id": file_id})


def parse_body(body: str, *, bucket: str) -> list[Request]:
    """List the requests of a message; S3's test event and folder markers hold none.

    Raises :class:`MessageError` if it is neither an S3 event about ``bucket``'s inbox nor a command.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MessageError("it is not JSON") from error
    if not isinstance(document, dict):
        raise MessageError("it is not a JSON object")
    if document.get("Event") == "s3:TestEvent":
        return []
    if "command" in document:
        return [_command(document)]
    records = document.get("Records")
    if not isinstance(records, list):
        raise MessageError("it has neither Records nor a command")
    arrivals = [_arrival(record, bucket) for record in records]
    return [arrival for arrival in arrivals if arrival]


def _command(document: dict[str, Any]) -> Reprocess:
    file_id = document.get("file_id")
    if document["command"] != REPROCESS or not isinstance(file_id, str) or not file_id:
        raise MessageError("the command is not known or names no file")
    return Reprocess(file_id)


def _arrival(record: Any, bucket: str) -> Arrival | None:
    try:
        named_bucket, s3_object = record["s3"]["bucket"]["name"], record["s3"]["object"]
        # Keys come form-encoded: a space as "+", a plus sign as "%2B".
        key = unquote_plus(s3_object["key"])
        version_id = s3_object.get("versionId") or ""
        event_name = record["eventName"]
        size = s3_object.get("size", 0)
        uploaded_at = record.get("eventTime")
    except (KeyError, TypeError, AttributeError) as error:
        raise MessageError("a record is not an S3 record") from error
    if not isinstance(version_id, str):
        raise MessageError("a record is not an S3 record")
    if not str(event_name).removeprefix("s3:").startswith("ObjectCreated:"):
        raise MessageError(f"a record is about {event_name!s:.60}, not about a created object")
    if named_bucket != bucket or not key.startswith(INBOX):
        raise MessageError(f"a record is not about {INBOX} in this bucket")
    if is_folder_marker(key, size):
        return None
    return Arrival(ObjectVersion(bucket, key, version_id), _aware_moment(uploaded_at))


def _aware_moment(text: Any) -> str:
    """Return an aware ISO 8601 moment unchanged, and "" for anything else."""
    try:
        return str(text) if datetime.fromisoformat(text).tzinfo else ""
    except (TypeError, ValueError):
        return ""
