"""X-Ray's calls through boto3's own client, and the daemon through datagrams as the SDK sends them."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from cdk.local.processes import ROOT
from tests.sidecar.small_stack import client, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk.local.sidecar_process import Sidecar

# As a Lambda function uses the SDK: the header in the environment, a handler's subsegment with others inside.
SDK = """
from aws_xray_sdk.core import xray_recorder
with xray_recorder.in_subsegment("## handle") as handle:
    handle.put_annotation("file_id", "from-sdk")
    with xray_recorder.in_subsegment("## write") as write:
        write.put_metadata("rows", 10)
try:
    with xray_recorder.in_subsegment("## settle"):
        raise ValueError("not settled")
except ValueError:
    pass
"""


@pytest.fixture
def xray(sidecar: Sidecar) -> Iterator[Any]:
    """Provide boto3's client of the sidecar."""
    xray = client(sidecar.endpoint, "xray")
    yield xray
    xray.close()


def segment(start: float | None = None, **members: Any) -> dict[str, Any]:
    """Make a segment of a trace of its own that took a second."""
    begun = time.time() if start is None else start
    return {
        "trace_id": f"1-{int(begun):08x}-{secrets.token_hex(12)}",
        "id": secrets.token_hex(8),
        "name": "processor",
        "start_time": begun,
        "end_time": begun + 1,
    } | members


def subsegment(parent: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Make a subsegment that is sent apart from its parent."""
    about = {"type": "subsegment", "parent_id": parent["id"], "trace_id": parent["trace_id"], "name": "## write"}
    return segment(parent["start_time"], **(about | members))


def put(xray: Any, *documents: dict[str, Any]) -> list[dict[str, Any]]:
    """Send documents; return the refused ones."""
    texts = [json.dumps(document) for document in documents]
    refused: list[dict[str, Any]] = xray.put_trace_segments(TraceSegmentDocuments=texts)["UnprocessedTraceSegments"]
    return refused


def fetch(xray: Any, trace_id: str) -> list[dict[str, Any]]:
    """Return a trace's segments."""
    traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
    return [json.loads(each["Document"]) for trace in traces for each in trace["Segments"]]


def find(xray: Any, expression: str = "", **more: Any) -> list[str]:
    """Return the ids of the traces of the last minute that pass a filter."""
    now = time.time()
    pages = xray.get_paginator("get_trace_summaries").paginate(
        StartTime=now - 60, EndTime=now + 60, FilterExpression=expression, **more
    )
    return [summary["Id"] for page in pages for summary in page["TraceSummaries"]]


def test_a_segment_comes_back_as_it_was_sent(xray: Any) -> None:
    """Its document is whole, in a trace that lasted as long as it did."""
    sent = segment(annotations={"file_id": "whole"}, metadata={"default": {"rows": 3}})

    assert put(xray, sent) == []
    (trace,) = xray.batch_get_traces(TraceIds=[sent["trace_id"]])["Traces"]

    assert [json.loads(each["Document"]) for each in trace["Segments"]] == [sent]
    assert trace["Segments"][0]["Id"] == sent["id"]
    assert (trace["Duration"], trace["LimitExceeded"]) == (1.0, False)


def test_unknown_traces_are_said_to_be_unknown(xray: Any) -> None:
    """A trace that was not sampled is not there."""
    answer = xray.batch_get_traces(TraceIds=["1-00000000-000000000000000000000000"])

    assert answer["Traces"] == []
    assert answer["UnprocessedTraceIds"] == ["1-00000000-000000000000000000000000"]


def test_a_subsegment_sent_apart_is_found_in_its_parent(xray: Any) -> None:
    """It may come before its parent, and inside another subsegment."""
    root = segment()
    outer = subsegment(root)
    inner = subsegment(outer, name="## batch")

    put(xray, inner, outer, root)
    (found,) = fetch(xray, root["trace_id"])

    assert found["id"] == root["id"]
    assert found["subsegments"][0]["id"] == outer["id"]
    assert found["subsegments"][0]["subsegments"][0]["name"] == "## batch"


def test_the_functions_segment_is_made_up_where_only_subsegments_come(xray: Any) -> None:
    """It spans its known parts; a fault of a subsegment need not be the function's."""
    unseen = segment()
    first = subsegment(unseen)
    second = subsegment(unseen, start_time=unseen["start_time"] + 2, end_time=unseen["start_time"] + 3, fault=True)

    put(xray, second, first)
    (found,) = fetch(xray, unseen["trace_id"])

    assert (found["id"], found["origin"], found.get("fault")) == (unseen["id"], "AWS::Lambda::Function", None)
    assert found["end_time"] - found["start_time"] == pytest.approx(3)
    assert [each["id"] for each in found["subsegments"]] == [first["id"], second["id"]]


def test_the_end_replaces_what_was_in_progress(xray: Any) -> None:
    """A late document in progress does not replace the end."""
    whole = segment()
    begun = {name: value for name, value in whole.items() if name != "end_time"} | {"in_progress": True}

    put(xray, begun)
    (partial,) = fetch(xray, whole["trace_id"])
    put(xray, whole, begun)

    assert partial["in_progress"] is True
    assert fetch(xray, whole["trace_id"]) == [whole]


def test_parts_that_are_each_others_parents_harm_no_other_trace(xray: Any) -> None:
    """Their trace is empty; the others are still found."""
    good, first = segment(), segment()
    second = subsegment(first)
    put(xray, first | {"type": "subsegment", "parent_id": second["id"]}, second, good)

    assert fetch(xray, first["trace_id"]) == []
    assert good["trace_id"] in find(xray)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"id": None}, "MissingId"),
        ({"name": None}, "MissingField"),
        ({"trace_id": None}, "MissingField"),
        ({"start_time": "now"}, "MissingField"),
        ({"end_time": None}, "MissingField"),
        ({"type": "subsegment"}, "MissingField"),
        ({"metadata": {"text": "x" * 65536}}, "SizeLimit"),
        ({"annotations": ["file_id"]}, "ParseError"),
        ({"subsegments": [{"name": "write", "start_time": "now"}]}, "ParseError"),
        ({"subsegments": {"name": "write"}}, "ParseError"),
        ({"id": "abc", "type": "subsegment", "parent_id": "abc"}, "ParseError"),
    ],
)
def test_a_document_that_xray_would_refuse_is_refused(xray: Any, change: dict[str, Any], code: str) -> None:
    """The answer names it, and the others of the request are stored."""
    good, bad = segment(), segment() | change

    refused = put(xray, bad, good)

    assert [each["ErrorCode"] for each in refused] == [code]
    assert fetch(xray, good["trace_id"]) == [good]


def test_summaries_tell_what_a_list_of_traces_needs(xray: Any) -> None:
    """Times, flags, annotations of any depth with their types, and the services."""
    root = segment(fault=True, annotations={"rows": 3, "cold": True})
    put(xray, root, subsegment(root, annotations={"file_id": "summary-1"}))
    now = time.time()

    (found,) = xray.get_trace_summaries(
        StartTime=now - 60, EndTime=now + 1, FilterExpression='annotation.file_id = "summary-1"'
    )["TraceSummaries"]

    assert found["Id"] == root["trace_id"]
    assert found["StartTime"].timestamp() == pytest.approx(root["start_time"], abs=0.001)
    assert (found["Duration"], found["HasFault"], found["HasError"], found["IsPartial"]) == (1.0, True, False, False)
    assert {name: values[0]["AnnotationValue"] for name, values in found["Annotations"].items()} == {
        "rows": {"NumberValue": 3.0},
        "cold": {"BooleanValue": True},
        "file_id": {"StringValue": "summary-1"},
    }
    assert found["EntryPoint"]["Name"] == "processor"


def test_filters_choose(xray: Any) -> None:
    """Each expression finds the traces that it describes, among those of this test."""
    fine = segment(annotations={"kind": "f", "rows": 5})
    failed = segment(annotations={"kind": "f", "rows": 50}, fault=True, end_time=time.time() + 9)
    wrong = segment(annotations={"kind": "f", "rows": 500}, error=True, name="console")
    put(xray, fine, failed, wrong)
    names = {fine["trace_id"]: "fine", failed["trace_id"]: "failed", wrong["trace_id"]: "wrong"}

    def found(expression: str) -> set[str]:
        return {names[each] for each in find(xray, f'annotation.kind = "f" AND ({expression})')}

    assert {names[each] for each in find(xray) if each in names} == set(names.values())
    assert found("fault") == {"failed"}
    assert found("error = true") == {"wrong"}
    assert found("ok") == {"fine"}
    assert found("fault OR error") == {"failed", "wrong"}
    assert found("NOT ok AND !error") == {"failed"}
    assert found("responsetime > 5") == {"failed"}
    assert found("annotation[rows] >= 50") == {"failed", "wrong"}
    assert found('service("console")') == {"wrong"}
    assert found('annotation.rows = "5"') == set()
    assert found('annotation.kind BEGINSWITH "f" AND partial = false') == set(names.values())


@pytest.mark.parametrize(
    "expression", ["fault =", "edge(1, 2)", "(fault", "fault fault", "annotation.x", "duration = true", '"', "ok &"]
)
def test_a_filter_that_is_not_understood_is_refused(xray: Any, expression: str) -> None:
    """A wrong reading would mislead."""
    with pytest.raises(xray.exceptions.InvalidRequestException, match="filter"):
        find(xray, expression)


def test_the_time_range_bounds_and_is_bounded(xray: Any) -> None:
    """A trace's id tells its time; more than six hours is refused, as by X-Ray."""
    old = segment(time.time() - 1800)
    put(xray, old)
    now = time.time()

    assert old["trace_id"] not in find(xray)
    summaries = xray.get_trace_summaries(StartTime=now - 1900, EndTime=now - 1700, TimeRangeType="Event")
    assert [summary["Id"] for summary in summaries["TraceSummaries"]] == [old["trace_id"]]
    with pytest.raises(xray.exceptions.InvalidRequestException):
        xray.get_trace_summaries(StartTime=now - 7 * 3600, EndTime=now)


def test_many_traces_come_in_pages(xray: Any) -> None:
    """Newest first, none twice, none left out."""
    now = time.time()
    sent = [segment(now - number / 100, annotations={"kind": "page"}) for number in range(230)]
    put(xray, *sent)

    assert find(xray, 'annotation.kind = "page"') == [each["trace_id"] for each in sent]


def test_six_traces_at_once_are_refused(xray: Any) -> None:
    """X-Ray takes five at once."""
    with pytest.raises(xray.exceptions.InvalidRequestException):
        xray.batch_get_traces(TraceIds=[segment()["trace_id"] for _ in range(6)])


def test_sampling_is_left_to_the_sdk(xray: Any) -> None:
    """There are no rules and no targets."""
    statistics = {"RuleName": "r", "ClientID": "0" * 24, "Timestamp": 1, "RequestCount": 1, "SampledCount": 1}

    assert xray.get_sampling_rules()["SamplingRuleRecords"] == []
    targets = xray.get_sampling_targets(SamplingStatisticsDocuments=[statistics])
    assert targets["SamplingTargetDocuments"] == []


def test_other_calls_are_refused(xray: Any) -> None:
    """Unsupported calls fail."""
    with pytest.raises(Exception, match="No such call"):
        xray.get_groups()


def test_the_daemon_takes_datagrams_and_survives_rubbish(sidecar: Sidecar, xray: Any) -> None:
    """Two hundred at once, with rubbish between them, are all kept."""
    sent = [segment() for _ in range(200)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sdk:
        sdk.connect(("127.0.0.1", sidecar.port))
        for document in sent:
            sdk.send(b'{"format":"json","version":1}\n' + json.dumps(document).encode())
            sdk.send(secrets.token_bytes(20))
            sdk.send(b'{"format":"json","version":1}\n[]')

    until(lambda: fetch(xray, sent[-1]["trace_id"]))
    assert [fetch(xray, document["trace_id"]) for document in sent] == [[document] for document in sent]


def test_what_the_sdk_sends_from_a_function_is_a_trace(sidecar: Sidecar, xray: Any) -> None:
    """The SDK runs in a process with the environment of a Lambda function."""
    unseen = segment()
    header = f"Root={unseen['trace_id']};Parent={unseen['id']};Sampled=1"
    lambda_env = {"LAMBDA_TASK_ROOT": "/var/task", "_X_AMZN_TRACE_ID": header}
    env = os.environ | lambda_env | sidecar.extra_env
    subprocess.run([sys.executable, "-W", "ignore", "-c", SDK], env=env, cwd=ROOT, check=True, timeout=60)

    def names() -> list[str]:
        return [each["name"] for found in fetch(xray, unseen["trace_id"]) for each in found["subsegments"]]

    until(lambda: len(names()) == 2)
    (found,) = fetch(xray, unseen["trace_id"])
    handle, settle = found["subsegments"]

    assert (found["id"], handle["name"], settle["name"]) == (unseen["id"], "## handle", "## settle")
    assert handle["subsegments"][0]["metadata"]["default"] == {"rows": 10}
    assert settle["fault"] is True
    assert settle["cause"]["exceptions"][0]["message"] == "not settled"
    assert unseen["trace_id"] in find(xray, 'annotation.file_id = "from-sdk"')
