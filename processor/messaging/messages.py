"""Messages of the ingest queue, and the requests in them: S3 events, and commands of the console. Pure.

S3's event structure: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

from processor.domain.entries import arrival_order, to_iso
from processor.domain.errors import MessageError
from processor.domain.object_keys import INBOX, ObjectVersion, file_id, is_folder_marker

if TYPE_CHECKING:
    from collections.abc import Mapping

REPROCESS, PROCESS = "reprocess", "process"
_FILE_ID = re.compile("[0-9a-f]{24}")
_LONGEST_NAME = 1_024
"""Bytes of an object key, and of a version id: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""
_LONGEST_PRINCIPAL = 128
"""Characters of a principal that are kept; a role's with its session's name has at most 90."""
_SEQUENCER = re.compile("[0-9A-Fa-f]{1,64}")
_COPIED, _POSTED = "ObjectCreated:Copy", "ObjectCreated:Post"
_YEARS = range(1970, 9999)
"""Those of event times that are kept: in every time zone they are days of the calendar."""


class Arrival(NamedTuple):
    """An object came into the inbox, or a person found it there. What its event does not tell is empty."""

    source: ObjectVersion
    uploaded_at: str = ""
    """ISO 8601 in UTC, as of the event; "" if it gives no possible time."""
    sent_by: str = ""
    """The principal that put the object, such as `AWS:AROAEXAMPLE:session`."""
    sequencer: str = ""
    """S3's order of the events of one key: hexadecimal digits."""
    size_bytes: int | None = None
    is_copy: bool = False
    """Whether S3 copied another object, or the same one, to this version."""
    is_whole: bool = False
    """Whether nobody is still writing it: a form has sent it, or a person asks for its run."""

    @property
    def file_id(self) -> str:
        """The id of the file that the object is, or will be."""
        return file_id(self.source)

    @property
    def order(self) -> tuple[str, str, str]:
        """What sorts it among the files, as :attr:`processor.domain.entries.FileEntry.arrival_order` sorts them."""
        return arrival_order(self.uploaded_at, self.sequencer, self.file_id)


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
    """Write the command to run a stored file again, as a message body."""
    return json.dumps({"command": REPROCESS, "file_id": file_id})


def process_body(source: ObjectVersion) -> str:
    """Write the command to process an object of the inbox whose event is lost, as a message body."""
    return json.dumps({"command": PROCESS, "key": source.key, "version_id": source.version_id})


def parse_body(body: str, *, bucket: str) -> list[Request]:
    """List the requests of a message; S3's test event and folder markers hold none.

    Raises :class:`MessageError`, and nothing else, if it is neither an S3 event about ``bucket``'s inbox nor a command.
    """
    document = _read_json(body)
    if not isinstance(document, dict):
        raise MessageError("it is not a JSON object")
    if document.get("Event") == "s3:TestEvent":
        return []
    if "command" in document:
        return [_command(document, bucket)]
    records = document.get("Records")
    if not isinstance(records, list):
        raise MessageError("it has neither Records nor a command")
    arrivals = [_arrival(record, bucket) for record in records]
    return [arrival for arrival in arrivals if arrival]


def _read_json(body: str) -> Any:
    try:
        document = json.loads(body)
        if "\\u" in body or not body.isascii():  # Half of a surrogate pair is no text, and nothing could store it.
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise MessageError("it holds what is not Unicode text") from error
    except (ValueError, RecursionError) as error:
        raise MessageError("it is not JSON") from error
    return document


def _command(document: dict[str, Any], bucket: str) -> Request:
    file_id = document.get("file_id")
    if document["command"] == REPROCESS and isinstance(file_id, str) and _FILE_ID.fullmatch(file_id):
        return Reprocess(file_id)
    key, version_id = document.get("key"), document.get("version_id")
    if document["command"] == PROCESS and isinstance(key, str) and isinstance(version_id, str):
        return Arrival(_inbox_object(bucket, key, version_id), is_whole=True)
    raise MessageError("the command is not known or names no file id")


def _arrival(record: Any, bucket: str) -> Arrival | None:
    try:
        named_bucket, s3_object = record["s3"]["bucket"]["name"], record["s3"]["object"]
        # Keys come form-encoded: a space as "+", a plus sign as "%2B".
        key = unquote_plus(s3_object["key"])
        version_id = s3_object.get("versionId") or ""
        event_name = record["eventName"]
        size = s3_object.get("size")
        uploaded_at, sequencer = record.get("eventTime"), s3_object.get("sequencer")
        sent_by = record.get("userIdentity")
    except (KeyError, TypeError, AttributeError) as error:
        raise MessageError("a record is not an S3 record") from error
    if not isinstance(version_id, str):
        raise MessageError("a record is not an S3 record")
    named_event = event_name if isinstance(event_name, str) else type(event_name).__name__
    kind = named_event.removeprefix("s3:")
    if not kind.startswith("ObjectCreated:"):
        raise MessageError(f"a record is about {named_event:.60}, not about a created object")
    if named_bucket != bucket:
        raise MessageError(f"a record is not about {INBOX} in this bucket")
    source = _inbox_object(bucket, key, version_id)
    if is_folder_marker(key, size):
        return None
    return Arrival(
        source,
        uploaded_at=_possible_moment(uploaded_at),
        sent_by=_principal(sent_by),
        sequencer=sequencer if isinstance(sequencer, str) and _SEQUENCER.fullmatch(sequencer) else "",
        size_bytes=size if type(size) is int and size >= 0 else None,
        is_copy=kind == _COPIED,
        is_whole=kind == _POSTED,
    )


def _inbox_object(bucket: str, key: str, version_id: str) -> ObjectVersion:
    if not key.startswith(INBOX):
        raise MessageError(f"a record is not about {INBOX} in this bucket")
    if len(key.encode()) > _LONGEST_NAME or len(version_id.encode()) > _LONGEST_NAME:
        raise MessageError(f"a key or a version has more than {_LONGEST_NAME:,} bytes, so there is no such object")
    return ObjectVersion(bucket, key, version_id)


def _principal(identity: Any) -> str:
    """Return whom the event names as the sender, as one short line of visible text."""
    named = identity.get("principalId") if isinstance(identity, dict) else None
    text = named[:_LONGEST_PRINCIPAL] if isinstance(named, str) else ""
    return "".join(character if character.isprintable() else "?" for character in text)


def _possible_moment(text: Any) -> str:
    """Return an aware ISO 8601 moment in UTC, and "" for anything else and for the ends of the calendar."""
    try:
        moment = datetime.fromisoformat(text)
        return to_iso(moment) if moment.tzinfo and moment.year in _YEARS else ""
    except (TypeError, ValueError, OverflowError):
        return ""
