"""Message bodies become requests, or an error of one kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.errors import MessageError
from processor.domain.object_keys import INBOX, ObjectVersion, file_id
from processor.messaging.messages import Arrival, Message, Reprocess, parse_body, process_body, reprocess_body
from tests.unit.processor.strategies import ANY_TEXT

if TYPE_CHECKING:
    from processor.messaging.messages import Request

BUCKET = "waybill-bucket"
KEY = "raw-data/orders.csv"
FILE_ID = "0123456789abcdef01234abc"


def record(
    key: str = KEY, *, version: str | None = "v1", bucket: str = BUCKET, event: str = "ObjectCreated:Put"
) -> dict[str, Any]:
    """Write one record of an S3 event, its key encoded as S3 does."""
    found = {"key": quote_plus(key, safe="/"), "size": int(not key.endswith("/")), "eTag": "e", "sequencer": "0"}
    if version is not None:
        found["versionId"] = version
    return {"eventSource": "aws:s3", "eventName": event, "s3": {"bucket": {"name": bucket}, "object": found}}


def event(*records: Any) -> str:
    """Write an S3 event's message body."""
    return json.dumps({"Records": records})


def arrived(key: str = KEY, version: str = "v1", **told: Any) -> Arrival:
    """Name the arrival that :func:`record` is about."""
    return Arrival(ObjectVersion(BUCKET, key, version), sequencer="0", size_bytes=1)._replace(**told)


def parse(body: str) -> list[Request]:
    """Read a body as the processor of the bucket does."""
    return parse_body(body, bucket=BUCKET)


@pytest.mark.parametrize(("attributes", "header"), [({}, ""), ({"AWSTraceHeader": "Root=1-2-3"}, "Root=1-2-3")])
def test_record_of_a_batch_becomes_a_message(attributes: dict[str, str], header: str) -> None:
    """Lambda writes every attribute as text, and the trace header only where SQS carried one."""
    batch_record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "2", **attributes},
    }

    message = Message.from_record(batch_record)

    assert message == Message("m", "r", "{}", receive_count=2, trace_header=header)


def test_event_names_the_version_that_arrived() -> None:
    """A record becomes the arrival of exactly one version of one object."""
    assert parse(event(record())) == [arrived()]


@pytest.mark.parametrize("version", [None, ""])
def test_event_without_a_version_means_the_newest(version: str | None) -> None:
    """A bucket without versioning sends no version."""
    assert parse(event(record(version=version))) == [arrived(version="")]


def test_several_records_are_several_arrivals() -> None:
    """A message may name several files; their order is kept."""
    requests = parse(event(record("raw-data/b.csv"), record("raw-data/a.csv"), record("raw-data/b.csv")))

    assert [request.source.key for request in requests if isinstance(request, Arrival)] == [
        "raw-data/b.csv",
        "raw-data/a.csv",
        "raw-data/b.csv",
    ]


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("raw-data/a+b.csv", "raw-data/a b.csv"),
        ("raw-data/a%2Bb.csv", "raw-data/a+b.csv"),
        ("raw-data/100%25.csv", "raw-data/100%.csv"),
        ("raw-data/100%2525.csv", "raw-data/100%25.csv"),
        ("raw-data/%C3%BC+%F0%9F%98%80.csv", "raw-data/ü 😀.csv"),
        ("raw-data/u%CC%88.csv", "raw-data/u\u0308.csv"),
        ("raw-data/a%0Ab%22%27%26.csv", "raw-data/a\nb\"'&.csv"),
        ("raw-data/deep/er/a.csv", "raw-data/deep/er/a.csv"),
        ("raw-data%2Fa.csv", "raw-data/a.csv"),
    ],
)
def test_keys_are_decoded_as_s3_encodes_them(encoded: str, key: str) -> None:
    """Spaces, plus and percent signs and Unicode come through; nothing is decoded twice."""
    found = record()
    found["s3"]["object"]["key"] = encoded

    assert parse(event(found)) == [arrived(key)]


@given(ANY_TEXT.filter(lambda name: not name.endswith("/")))
def test_any_key_round_trips(name: str) -> None:
    """Property: whatever a file is called, its key comes out as it went in."""
    key = INBOX + "x" + name

    assert parse(event(record(key))) == [arrived(key)]


@pytest.mark.parametrize(
    "name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Put",
    ],
)
def test_every_way_of_creating_an_object_counts(name: str) -> None:
    """An object arrives by PUT, presigned POST, copy or multipart upload."""
    assert len(parse(event(record(event=name)))) == 1


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}),
        event(),
        event(record("raw-data/")),
        event(record("raw-data/new folder/")),
    ],
)
def test_message_may_ask_for_nothing(body: str) -> None:
    """S3's test event, an event without records and a folder marker ask for nothing."""
    assert parse(body) == []


def test_folder_marker_does_not_hide_its_neighbours() -> None:
    """A file in the same message as a folder marker is still named."""
    assert parse(event(record("raw-data/new/"), record())) == [arrived()]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "not JSON"),
        ("hello", "not JSON"),
        ('{"Records": [', "not JSON"),
        ("[" * 200_000, "not JSON"),
        ("9" * 10_000, "not JSON"),
        ("null", "not a JSON object"),
        ("[]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("7", "not a JSON object"),
        ("{}", "neither Records nor a command"),
        ('{"Records": null}', "neither Records nor a command"),
        ('{"Records": {}}', "neither Records nor a command"),
        ('{"Event": "s3:OtherEvent"}', "neither Records nor a command"),
        (event(None), "not an S3 record"),
        (event("text"), "not an S3 record"),
        (event({}), "not an S3 record"),
        (event({"s3": {}}), "not an S3 record"),
        (event({**record(), "s3": {"bucket": {"name": BUCKET}, "object": []}}), "not an S3 record"),
        (event({**record(), "s3": {"bucket": {"name": BUCKET}, "object": {"key": 7}}}), "not an S3 record"),
        (event({**record(), "s3": {"bucket": {"name": BUCKET}, "object": {"key": None}}}), "not an S3 record"),
        (
            event({**record(), "s3": {"bucket": {"name": BUCKET}, "object": {"key": KEY, "versionId": 7}}}),
            "not an S3 record",
        ),
        (
            event({**record(), "s3": {"bucket": {"name": BUCKET}, "object": {"key": KEY, "versionId": {"a": 1}}}}),
            "not an S3 record",
        ),
        (event({"s3": record()["s3"]}), "not an S3 record"),
        (event(record(event="ObjectRemoved:Delete")), "about ObjectRemoved:Delete"),
        (event(record(event="ObjectRestore:Completed")), "about ObjectRestore:Completed"),
        (event({**record(), "eventName": None}), "about None"),
        (event(record(bucket="other-bucket")), "not about raw-data/ in this bucket"),
        (event(record("processed-data/orders.csv")), "not about raw-data/ in this bucket"),
        (event(record("/raw-data/orders.csv")), "not about raw-data/ in this bucket"),
        (event(record("RAW-DATA/orders.csv")), "not about raw-data/ in this bucket"),
        (event(record(), record("archive/orders.csv")), "not about raw-data/ in this bucket"),
        (json.dumps({"command": "process", "key": "archive/a.csv", "version_id": "v"}), "not about raw-data/"),
        (json.dumps({"command": "process", "key": INBOX + "a" * 1_016, "version_id": "v"}), "more than 1,024 bytes"),
        (event(record(INBOX + "a" * 1_016)), "more than 1,024 bytes"),
        (event(record(INBOX + "ü" * 508)), "more than 1,024 bytes"),
        (event(record(version="v" * 1_025)), "more than 1,024 bytes"),
        (event({**record(), "s3": {"bucket": {"name": BUCKET}, "object": {"key": "raw-data/\ud800"}}}), "not Unicode"),
        (event(record(version="\udfff")), "not Unicode text"),
        (event(record(event="\ud800")), "not Unicode text"),
        (json.dumps({"command": "process", "key": "raw-data/\ud800", "version_id": "v"}), "not Unicode text"),
        (json.dumps({"command": "reprocess", "file_id": "\ud800" * 24}), "not Unicode text"),
        ('"\ud800"', "not Unicode text"),
    ],
    ids=lambda value: value[:60],
)
def test_other_messages_are_errors(body: str, says: str) -> None:
    """A body that is neither an S3 event about the inbox nor a command is an error that says what it is."""
    with pytest.raises(MessageError) as caught:
        parse(body)

    assert says in str(caught.value)


def test_long_event_names_are_cut_in_the_error() -> None:
    """A hostile event name does not flood the logs."""
    with pytest.raises(MessageError) as caught:
        parse(event(record(event="x" * 10_000)))

    assert len(str(caught.value)) < 250


def test_command_round_trips() -> None:
    """The processor reads the commands that the console writes."""
    source = ObjectVersion(BUCKET, "raw-data/ü +%2B.csv", "v1")

    assert parse(reprocess_body("0123456789abcdef01234567")) == [Reprocess("0123456789abcdef01234567")]
    assert parse(process_body(source)) == [Arrival(source, is_whole=True)]


@pytest.mark.parametrize(
    "command",
    [
        {"command": "reprocess"},
        {"command": "reprocess", "file_id": ""},
        {"command": "reprocess", "file_id": 7},
        {"command": "reprocess", "file_id": ["0123"]},
        {"command": "reprocess", "file_id": "0123"},
        {"command": "reprocess", "file_id": "x" * 3_000},
        {"command": "reprocess", "file_id": f"{FILE_ID}\n"},
        {"command": "reprocess", "file_id": FILE_ID.upper()},
        {"command": "reprocess", "file_id": FILE_ID[:-1] + "\u0663"},
        {"command": "delete", "file_id": FILE_ID},
        {"command": None, "file_id": FILE_ID},
        {"command": ["reprocess"], "file_id": FILE_ID},
        {"command": "process", "key": KEY},
        {"command": "process", "key": KEY, "version_id": None},
        {"command": "process", "key": 7, "version_id": ""},
        {"command": "process", "file_id": FILE_ID},
    ],
)
def test_unknown_commands_are_errors(command: dict[str, Any]) -> None:
    """A command that is not known, or that names no file, is an error."""
    with pytest.raises(MessageError, match="command is not known or names no file"):
        parse(json.dumps(command))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T10:00:00.000Z", "2026-11-22T10:00:00.000000Z"),
        ("2026-11-22T23:30:00+14:00", "2026-11-22T09:30:00.000000Z"),
        ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000000Z"),
        ("0001-01-01T00:00:00+14:00", ""),
        ("0001-01-01T00:00:00Z", ""),
        ("0999-12-31T00:00:00Z", ""),
        ("9999-12-31T23:59:59-14:00", ""),
        ("9999-12-31T23:59:59Z", ""),
        ("2026-11-22T10:00:00", ""),
        ("2026-11-22", ""),
        ("yesterday", ""),
        (None, ""),
        (7, ""),
        ({}, ""),
    ],
)
def test_event_time_is_kept_where_it_is_possible(text: object, moment: str) -> None:
    """Times are kept in UTC; one that no page could show in every time zone is as good as none."""
    assert parse(event({**record(), "eventTime": text})) == [arrived(uploaded_at=moment)]


@pytest.mark.parametrize(
    ("identity", "sent_by"),
    [
        ({"principalId": "AWS:AROAEXAMPLE:person"}, "AWS:AROAEXAMPLE:person"),
        ({"principalId": "AIDAJDPLRKLG7UEXAMPLE", "accountId": "123456789012"}, "AIDAJDPLRKLG7UEXAMPLE"),
        ({"principalId": "AWS:AROAEXAMPLE:a\r\nSubject: b\u202ec\x00"}, "AWS:AROAEXAMPLE:a??Subject: b?c?"),
        ({"principalId": "A" * 5_000}, "A" * 128),
        ({"principalId": ["A"]}, ""),
        ({"principalId": None}, ""),
        ({}, ""),
        ("AIDAEXAMPLE", ""),
        (None, ""),
    ],
)
def test_sender_is_whom_the_event_names(identity: object, sent_by: str) -> None:
    """The principal becomes a short line of visible text; anything else is as good as none."""
    assert parse(event({**record(), "userIdentity": identity})) == [arrived(sent_by=sent_by)]


@pytest.mark.parametrize(("name", "unknown"), [("sequencer", {"sequencer": ""}), ("size", {"size_bytes": None})])
@pytest.mark.parametrize("value", [None, "", "g", "0" * 65, " 1", [1], {"a": 1}, True, -1, 1.5])
def test_what_an_event_may_not_say_is_not_known(name: str, unknown: dict[str, Any], value: object) -> None:
    """A size that is no number of bytes, and a sequencer that is no hexadecimal number, are as good as none."""
    found = record()
    found["s3"]["object"][name] = value

    assert parse(event(found)) == [arrived(**unknown)]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ObjectCreated:Put", {}),
        ("ObjectCreated:Copy", {"is_copy": True}),
        ("s3:ObjectCreated:Copy", {"is_copy": True}),
        ("ObjectCreated:Post", {"is_whole": True}),
        ("ObjectCreated:CompleteMultipartUpload", {}),
    ],
)
def test_event_tells_how_the_object_was_made(name: str, told: dict[str, Any]) -> None:
    """A copy may be the same upload once more, and what a form sends is whole at once."""
    assert parse(event(record(event=name))) == [arrived(**told)]


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([BUCKET, KEY, "reprocess", "s3:TestEvent"])
)
FIELDS = st.sampled_from(
    [
        *("Records", "Event", "command", "file_id", "s3", "bucket", "name", "object", "key", "versionId", "eventName"),
        *("size", "sequencer", "userIdentity", "principalId"),
    ]
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5), max_leaves=15
)
NEARLY_RECORDS = st.fixed_dictionaries(
    {"eventName": st.just("ObjectCreated:Put") | SCALARS},
    optional={
        "s3": st.fixed_dictionaries(
            {"bucket": st.just({"name": BUCKET}) | JSON, "object": JSON | st.just({"key": KEY})}
        )
        | JSON
    },
)


@given(JSON | st.fixed_dictionaries({"Records": st.lists(NEARLY_RECORDS, max_size=3)}))
def test_arbitrary_json_raises_nothing_but_message_errors(document: Any) -> None:
    """Property: any JSON is a list of requests made of text, or a message error."""
    try:
        requests = parse(json.dumps(document))
    except MessageError:
        return

    for request in requests:
        if isinstance(request, Arrival):
            assert file_id(request.source)
        assert all(
            part.encode() for part in (*request, *getattr(request, "source", ())) if isinstance(part, str) and part
        )


@given(ANY_TEXT)
def test_arbitrary_text_raises_nothing_but_message_errors(body: str) -> None:
    """Property: any text is refused in one way."""
    try:
        requests = parse(body)
    except MessageError:
        return

    assert requests == []
