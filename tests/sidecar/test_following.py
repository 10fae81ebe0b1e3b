"""Following a stack: function segments in traces, queue metrics, and mails as files."""

from __future__ import annotations

import http.client
import json
import time
from typing import TYPE_CHECKING, Any

import psutil

from cdk.local.emulator import Emulator
from cdk.local.sidecar_process import Sidecar
from tests.sidecar.small_stack import FUNCTION, SmallStack, client, make, until

if TYPE_CHECKING:
    from pathlib import Path


def test_a_trace_of_a_run_names_its_function(followed: tuple[Sidecar, SmallStack]) -> None:
    """Name, request and times are those of the log lines that name the trace; the subsegment is inside."""
    sidecar, stack = followed
    xray = client(sidecar.endpoint, "xray")
    began = time.time() - 1
    stack.send(file_id="named", rows=1)

    def segments() -> list[dict[str, Any]]:
        sidecar.carry()
        now = time.time()
        found = xray.get_trace_summaries(
            StartTime=began,
            EndTime=now + 1,
            FilterExpression=f'service("{FUNCTION}") AND annotation.file_id="named"',
        )["TraceSummaries"]
        traces = xray.batch_get_traces(TraceIds=[found[0]["Id"]])["Traces"] if found else []
        return [json.loads(each["Document"]) for trace in traces for each in trace["Segments"]]

    until(segments)
    (segment,) = segments()

    assert segment["name"] == FUNCTION
    assert segment["aws"]["request_id"]
    assert [inner["name"] for inner in segment["subsegments"]] == ["## handle"]
    assert segment["start_time"] <= segment["subsegments"][0]["start_time"]
    xray.close()


def test_a_failed_invocation_is_an_error_of_the_function(followed: tuple[Sidecar, SmallStack]) -> None:
    """The emulator counts only direct invocations. Its trace is there, though it sent nothing itself."""
    sidecar, stack = followed
    xray = client(sidecar.endpoint, "xray")
    before = stack.statistics("AWS/Lambda", "Errors", FunctionName=FUNCTION)
    began = time.time() - 1
    stack.send(**{"raise": "on purpose"})

    def failed() -> bool:
        sidecar.carry()
        return stack.statistics("AWS/Lambda", "Errors", FunctionName=FUNCTION)["Sum"] == before.get("Sum", 0) + 1

    until(failed)
    stack.client("sqs").purge_queue(QueueUrl=stack.outputs["QueueUrl"])
    now = time.time()
    faults = xray.get_trace_summaries(StartTime=began, EndTime=now + 1, FilterExpression="fault")["TraceSummaries"]

    assert [summary["EntryPoint"]["Name"] for summary in faults] == [FUNCTION]
    xray.close()


def test_queues_become_metrics(followed: tuple[Sidecar, SmallStack]) -> None:
    """Each queue's length is a metric with its name."""
    _, stack = followed
    for number in range(3):
        stack.client("sqs").send_message(QueueUrl=stack.outputs["DeadLetterQueueUrl"], MessageBody=str(number))

    def waiting() -> float:
        return stack.statistics("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="small-dead")["Sum"]

    until(lambda: waiting() >= 3)


def test_mails_become_files(followed: tuple[Sidecar, SmallStack]) -> None:
    """One file a mail, numbered, named by the subject, the subject first; a batch is as many mails."""
    sidecar, stack = followed
    sns, topic = stack.client("sns"), stack.outputs["AlertsTopicArn"]
    before = len(sidecar.mails())
    sns.publish(
        TopicArn=topic, Subject='orders/"ä".csv failed: ../../etc', Message="What: orders.csv\nWhy: no header\n"
    )
    until(lambda: len(sidecar.mails()) == before + 1)
    sns.publish(TopicArn=topic, Message="No subject")
    until(lambda: len(sidecar.mails()) == before + 2)

    first, second = sidecar.mails()[before:]

    assert first.name == f"{before + 1:03}-orders-ä-.csv-failed-..-..-etc.txt"
    assert first.parent == sidecar.mail_folder
    assert first.read_text() == ('Subject: orders/"ä".csv failed: ../../etc\n\nWhat: orders.csv\nWhy: no header\n')
    assert second.read_text() == "Subject: AWS Notification Message\n\nNo subject\n"


def test_nothing_is_left_of_the_process(tmp_path: Path) -> None:
    """It ends with its block; mails stay."""
    others = psutil.Process().children(recursive=True)
    with Sidecar(tmp_path) as sidecar:
        started = [child for child in psutil.Process().children(recursive=True) if child not in others]
        sidecar.mail_folder.mkdir()
        (sidecar.mail_folder / "001-kept.txt").write_text("Subject: kept\n")

    assert len(started) >= 2
    assert not any(child.is_running() for child in started)
    assert [mail.name for mail in sidecar.mails()] == ["001-kept.txt"]


def test_following_again_counts_and_sends_nothing_twice(tmp_path: Path) -> None:
    """A redeployed stack is followed anew; an earlier run's mails go, this run's stay."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/001-old.txt").write_text("Subject: old\n")
    with Sidecar(tmp_path) as sidecar, Emulator(0, tmp_path, extra_env=sidecar.extra_env) as emulator:
        stack = make(emulator)
        sidecar.follow(emulator, stack.outputs)
        stack.send(file_id="once", rows=5)
        until(lambda: sidecar.carry() and stack.rows()["SampleCount"] == 2)
        sidecar.follow(emulator, stack.outputs | {"NewOutput": "of a redeployment"})
        stack.client("sns").publish(TopicArn=stack.outputs["AlertsTopicArn"], Subject="new", Message="once")
        until(sidecar.mails)
        sidecar.carry()

        assert stack.rows() == {"Sum": 6.0, "SampleCount": 2.0}
        assert [mail.name for mail in sidecar.mails()] == ["001-new.txt"]


def test_a_web_page_cannot_speak_to_it(sidecar: Sidecar) -> None:
    """It listens on the loopback, where any page that a browser shows could send a POST."""
    connection = http.client.HTTPConnection("127.0.0.1", sidecar.port, timeout=10)
    connection.request("POST", "/follow", "{}", {"Origin": "https://elsewhere.example"})

    assert connection.getresponse().status == http.client.FORBIDDEN
    connection.close()
