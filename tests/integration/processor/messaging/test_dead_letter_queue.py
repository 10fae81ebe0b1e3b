"""Dead letters are seen whole and left where they are; redriving and deleting meets each exactly once."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import batched
from threading import Barrier, Event, Lock
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from processor.domain.object_keys import ObjectVersion, file_id
from processor.messaging.dead_letter_queue import HOLD_S, DeadLetterQueue
from processor.messaging.messages import reprocess_body
from tests.clocks import TickingClock
from tests.integration.stage import BUCKET, s3_event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.integration.stage import Stage

LATER = datetime.max.replace(tzinfo=UTC)
SOURCE = ObjectVersion(BUCKET, "raw-data/orders.csv", "v1")


class OneAtATime:
    """A client whose calls do not overlap, for moto's queues do not stand that; callers still take turns."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        """Return the client's method behind the lock."""
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            with self._lock:
                return method(**request)

        return call


@pytest.fixture(autouse=True)
def sqs_clock(monkeypatch: pytest.MonkeyPatch) -> TickingClock:
    """Let moto's queues live by one clock of ours, and spare them what only FIFO queues and delays need.

    On a slow machine a hold would end in the middle of a test, and a thousand letters would take minutes.
    """
    clock = TickingClock(1_795_341_600.0)
    monkeypatch.setattr("moto.sqs.models.unix_time", clock)
    monkeypatch.setattr("moto.sqs.models.unix_time_millis", lambda: clock() * 1000)
    monkeypatch.setattr("moto.sqs.models.Queue.pending_message_groups", frozenset())
    monkeypatch.setattr("moto.sqs.models.Queue.approximate_number_of_messages_delayed", 0)
    monkeypatch.setattr("moto.sqs.models.Message.delayed", False)
    return clock


@pytest.fixture
def sqs(stage: Stage) -> Any:
    """Provide the client that all operators of a test share."""
    return OneAtATime(stage.clients.sqs)


@pytest.fixture
def letters(stage: Stage, sqs: Any) -> DeadLetterQueue:
    """Provide the queue, which does not wait where there is nothing."""
    return queue(stage, sqs)


def queue(stage: Stage, sqs: Any, **options: Any) -> DeadLetterQueue:
    """Build one operator's access to the queue, with a clock on which its own work takes next to no time."""
    options = {"clock": TickingClock(), **options}
    return DeadLetterQueue(sqs, stage.dead_letter_url, stage.services.config.queue_url, BUCKET, wait_s=0, **options)


def bury(stage: Stage, bodies: Iterable[str]) -> list[str]:
    """Put messages into the dead-letter queue; returns their ids."""
    ids: list[str] = []
    for batch in batched(bodies, 10):
        entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(batch)]
        answer = stage.clients.sqs.send_message_batch(QueueUrl=stage.dead_letter_url, Entries=entries)
        ids += [sent["MessageId"] for sent in answer["Successful"]]
    return ids


def counts(stage: Stage, url: str) -> tuple[int, int]:
    """Count a queue's messages: visible, and held by somebody."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = stage.clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]), int(attributes["ApproximateNumberOfMessagesNotVisible"])


def take_all(stage: Stage, url: str) -> list[Any]:
    """Receive everything that is visible."""
    taken: list[Any] = []
    while batch := stage.clients.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    ).get("Messages"):
        taken += batch
    return taken


# Looking


def test_a_look_sees_more_than_a_thousand_and_holds_none_afterwards(stage: Stage, sqs: Any) -> None:
    """Every letter is seen, the oldest first, and the next person can receive each of them at once."""
    ids = bury(stage, (s3_event(ObjectVersion(BUCKET, f"raw-data/{n}.csv", "v")) for n in range(1_010)))

    snapshot = queue(stage, sqs).take_snapshot(most=2_000)

    assert sorted(letter.message_id for letter in snapshot.letters) == sorted(ids)
    assert (snapshot.about, snapshot.complete) == (1_010, True)
    assert [letter.sent_at for letter in snapshot.letters] == sorted(letter.sent_at for letter in snapshot.letters)
    assert counts(stage, stage.dead_letter_url) == (1_010, 0)
    assert len(take_all(stage, stage.dead_letter_url)) == 1_010


def test_a_bounded_look_says_about_how_many_there_are(stage: Stage, letters: DeadLetterQueue) -> None:
    """A snapshot stops at its bound, names SQS's count, and does not claim to be complete."""
    bury(stage, ["{}"] * 60)

    snapshot = letters.take_snapshot(most=25)

    assert (len(snapshot.letters), snapshot.about, snapshot.complete) == (25, 60, False)
    assert counts(stage, stage.dead_letter_url) == (60, 0)


def test_a_look_into_an_empty_queue_is_complete(letters: DeadLetterQueue) -> None:
    """An empty queue has an empty snapshot, which is complete."""
    snapshot = letters.take_snapshot()

    assert (snapshot.letters, snapshot.about, snapshot.complete) == ((), 0, True)


def test_what_somebody_else_holds_is_counted_and_not_claimed(stage: Stage, sqs: Any) -> None:
    """Letters that somebody else holds are missed after a short wait, and the snapshot is not complete."""
    bury(stage, ["{}"] * 3)
    stage.clients.sqs.receive_message(QueueUrl=stage.dead_letter_url, VisibilityTimeout=60)
    clock = iter(range(100))

    snapshot = queue(stage, sqs, clock=lambda: float(next(clock))).take_snapshot()

    assert (len(snapshot.letters), snapshot.about, snapshot.complete) == (2, 3, False)


def test_two_people_who_look_at_the_same_time_both_see_everything(stage: Stage, sqs: Any) -> None:
    """Of two snapshots, one that lacks letters gives back its own and goes on."""
    ids = bury(stage, ["{}"] * 100)
    together = Barrier(2)

    def look(_: int) -> set[str]:
        together.wait()
        return {letter.message_id for letter in queue(stage, sqs).take_snapshot().letters}

    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(look, range(2)))

    assert seen == [set(ids), set(ids)]
    assert counts(stage, stage.dead_letter_url) == (100, 0)


def test_a_look_that_fails_gives_back_what_it_held(
    stage: Stage, letters: DeadLetterQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in the middle leaves no letter hidden."""
    bury(stage, ["{}"] * 30)
    receive = stage.clients.sqs.receive_message
    calls = Counter[str]()

    def fail_at_the_second(**request: Any) -> Any:
        calls["receive"] += 1
        if calls["receive"] == 2:
            raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "ReceiveMessage")
        return receive(**request)

    monkeypatch.setattr(stage.clients.sqs, "receive_message", fail_at_the_second)
    with pytest.raises(ClientError, match="ServiceUnavailable"):
        letters.take_snapshot()

    assert counts(stage, stage.dead_letter_url) == (30, 0)


def test_a_letter_names_its_files(stage: Stage, letters: DeadLetterQueue) -> None:
    """Each letter has the files of its message, or the reason why there are none."""
    bury(stage, [s3_event(SOURCE), "not JSON"])

    found = {letter.body: letter for letter in letters.take_snapshot().letters}

    assert found[s3_event(SOURCE)].file_ids == (file_id(SOURCE),)
    assert found["not JSON"].problem.endswith("it is not JSON.")
    assert all(letter.receive_count >= 1 for letter in found.values())


# Redriving


def test_wanted_letters_go_back_unchanged_and_the_others_stay(stage: Stage, letters: DeadLetterQueue) -> None:
    """Body, attributes and trace header arrive as they were; nobody waits for the letters that were not wanted."""
    header = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"
    wanted = stage.clients.sqs.send_message(
        QueueUrl=stage.dead_letter_url,
        MessageBody=s3_event(SOURCE),
        MessageAttributes={"origin": {"DataType": "String", "StringValue": "tests"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": header}},
    )["MessageId"]
    bury(stage, ["{}"] * 40)

    moved = list(letters.redrive([wanted], before=LATER))

    arrived = take_all(stage, stage.services.config.queue_url)
    assert [(each.letter.message_id, each.error) for each in moved] == [(wanted, "")]
    assert [message["Body"] for message in arrived] == [s3_event(SOURCE)]
    assert arrived[0]["MessageAttributes"]["origin"]["StringValue"] == "tests"
    assert arrived[0]["Attributes"]["AWSTraceHeader"] == header
    assert counts(stage, stage.dead_letter_url) == (40, 0)


def test_all_means_all_that_were_there_before(stage: Stage, letters: DeadLetterQueue, sqs_clock: TickingClock) -> None:
    """A letter that comes in while everything is redriven is not sent round and round."""
    old = bury(stage, ["{}"] * 25)
    sqs_clock.now += 60
    before = datetime.fromtimestamp(sqs_clock.now, UTC)
    sqs_clock.now += 60
    new = bury(stage, ["{}"] * 5)

    moved = [each.letter.message_id for each in letters.redrive(None, before=before)]

    assert sorted(moved) == sorted(old)
    assert sorted(letter.message_id for letter in letters.take_snapshot().letters) == sorted(new)


def test_two_operators_who_redrive_the_same_letters_send_each_once(stage: Stage, sqs: Any) -> None:
    """Of two people who press the button at once, one moves a letter and the other learns that it is gone."""
    ids = bury(stage, (reprocess_body(f"file-{n}") for n in range(100)))
    together = Barrier(2)

    def redrive(_: int) -> list[str]:
        together.wait()
        return [each.letter.message_id for each in queue(stage, sqs).redrive(ids, before=LATER)]

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(redrive, range(2))

    arrived = Counter(message["Body"] for message in take_all(stage, stage.services.config.queue_url))
    assert sorted(first + second) == sorted(ids)
    assert arrived == Counter(reprocess_body(f"file-{n}") for n in range(100))
    assert counts(stage, stage.dead_letter_url) == (0, 0)


def test_a_letter_that_somebody_else_holds_without_wanting_it_is_waited_for(
    stage: Stage, sqs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two operators redrive different letters: neither search makes the other miss its letter."""
    ids = bury(stage, ["{}"] * 10)
    first = queue(stage, sqs).redrive([ids[0]], before=LATER)
    next(first)  # It holds the other nine now.
    receive = stage.clients.sqs.receive_message
    asked = Counter[str]()
    patient = Event()

    def receive_and_count(**request: Any) -> Any:
        asked["in vain"] += 1
        if asked["in vain"] == 5:
            patient.set()
        return receive(**request)

    def redrive() -> list[str]:
        try:
            return [each.letter.message_id for each in queue(stage, sqs).redrive([ids[5]], before=LATER)]
        finally:
            patient.set()

    monkeypatch.setattr(stage.clients.sqs, "receive_message", receive_and_count)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(redrive)
        patient.wait()
        first.close()

    assert asked["in vain"] >= 5
    assert second.result() == [ids[5]]


def test_whoever_stops_gives_back_the_rest(stage: Stage, letters: DeadLetterQueue) -> None:
    """Stopped after the third of thirty, a redrive has moved three; the others can be received at once."""
    bury(stage, ["{}"] * 30)
    moving = letters.redrive(None, before=LATER)

    for _ in range(3):
        next(moving)
    moving.close()

    assert counts(stage, stage.services.config.queue_url) == (3, 0)
    assert counts(stage, stage.dead_letter_url) == (27, 0)


def test_a_death_between_send_and_delete_leaves_the_letter_in_both_queues(
    stage: Stage, letters: DeadLetterQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost: the next redrive sends it again, and two messages about one file are one file all the same."""
    ids = bury(stage, [s3_event(SOURCE)])
    delete = stage.clients.sqs.delete_message

    def die(**_: Any) -> None:
        monkeypatch.setattr(stage.clients.sqs, "delete_message", delete)
        raise KeyboardInterrupt

    monkeypatch.setattr(stage.clients.sqs, "delete_message", die)
    with pytest.raises(KeyboardInterrupt):
        list(letters.redrive(ids, before=LATER))
    again = [each.letter.message_id for each in letters.redrive(ids, before=LATER)]

    arrived = take_all(stage, stage.services.config.queue_url)
    assert again == ids
    assert {json.loads(message["Body"])["Records"][0]["s3"]["object"]["versionId"] for message in arrived} == {"v1"}
    assert len(arrived) == 2
    assert counts(stage, stage.dead_letter_url) == (0, 0)


def test_a_letter_that_is_refused_stays_and_says_why(
    stage: Stage, letters: DeadLetterQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter that cannot be sent does not stop the others, and stays in the queue."""
    bad, good = bury(stage, ["bad", "good"])
    send = stage.clients.sqs.send_message

    def refuse(**request: Any) -> Any:
        if request["MessageBody"] == "bad":
            raise ClientError({"Error": {"Code": "OverLimit", "Message": "too much"}}, "SendMessage")
        return send(**request)

    monkeypatch.setattr(stage.clients.sqs, "send_message", refuse)

    moved = {each.letter.message_id: each.error for each in letters.redrive([bad, good], before=LATER)}

    assert moved[good] == ""
    assert "too much" in moved[bad]
    assert [letter.message_id for letter in letters.take_snapshot().letters] == [bad]


def test_a_letter_that_was_held_too_long_is_sent_only_once(stage: Stage, sqs: Any, sqs_clock: TickingClock) -> None:
    """After a long pause somebody else may have a letter of the batch by now: it is left alone and received anew."""
    ids = bury(stage, ["{}"] * 2)
    paused = queue(stage, sqs, clock=sqs_clock).redrive(ids, before=LATER)

    first = next(paused)
    sqs_clock.now += HOLD_S
    other = [each.letter.message_id for each in queue(stage, sqs, clock=sqs_clock).redrive(ids, before=LATER)]
    rest = list(paused)

    assert sorted([first.letter.message_id, *other]) == sorted(ids)
    assert rest == []
    assert counts(stage, stage.services.config.queue_url) == (2, 0)


# Deleting


def test_only_the_chosen_letters_are_deleted(stage: Stage, letters: DeadLetterQueue) -> None:
    """Deleting sends nothing anywhere and leaves the others."""
    ids = bury(stage, ["{}"] * 30)

    moved = [each.letter.message_id for each in letters.delete(ids[:12], before=LATER)]

    assert sorted(moved) == sorted(ids[:12])
    assert counts(stage, stage.services.config.queue_url) == (0, 0)
    assert counts(stage, stage.dead_letter_url) == (18, 0)


def test_a_letter_that_is_gone_is_not_waited_for_long(stage: Stage, letters: DeadLetterQueue) -> None:
    """An id without a letter ends the search when all letters have come, and moves nothing."""
    bury(stage, ["{}"] * 15)

    assert list(letters.delete(["gone"], before=LATER)) == []
    assert counts(stage, stage.dead_letter_url) == (15, 0)
