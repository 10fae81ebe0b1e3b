"""Arrivals that are no files: temporary names, and empty versions that another one follows."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest

from processor.domain.file_states import FileState
from processor.messaging.messages import process_body
from tests.integration.kill import Kill, Killer
from tests.integration.processor.pipeline.upload_clients import Client

if TYPE_CHECKING:
    from tests.integration.stage import Stage

NAME = "orders.csv"


@pytest.fixture
def client(stage: Stage) -> Client:
    """Provide a client with a folder of its own."""
    stage.configure(temporary_names=("*.part", ".*"))
    return Client(stage, "acme")


def hidden_s(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note for how long messages are hidden from now on."""
    seconds: list[int] = []
    monkeypatch.setattr(client.stage.services.queue, "postpone", lambda _message, wait_s: seconds.append(wait_s))
    return seconds


def test_temporary_name_leaves_no_trace(client: Client, stage: Stage) -> None:
    """No entry, no mail, no copy, and the object stays where its client will look for it."""
    client.put("orders.csv.part")

    client.deliver(0)

    assert client.queued == []
    assert stage.clients.files.scan(TableName="files")["Items"] == []
    assert stage.objects() == [client.key("orders.csv.part")]
    assert stage.mails() == []


@pytest.mark.parametrize("name", ["spare.part.csv", "a.part.csv.gz", "part.csv", ".staging/orders.csv", "orders.csv"])
def test_whole_file_has_no_temporary_name_by_accident(client: Client, name: str) -> None:
    """A name that ends as a file's does is temporary only by its beginning, and folders do not count."""
    client.put(name, client.body if not name.endswith("gz") else b"no gzip")

    client.deliver(0)

    assert len(client.files()) == 1


def test_person_may_ask_for_a_temporary_name(client: Client, stage: Stage) -> None:
    """What a client has left behind is processed as it is, as a person says so."""
    client.put(".orders.csv")
    client.deliver(0)

    stage.handle(stage.message(process_body(client.versions[0])))

    assert [file.state for file in client.files()] == [FileState.PROCESSED]
    assert len(client.stored()) == 2


def test_run_of_an_earlier_release_goes_on(client: Client, stage: Stage) -> None:
    """A file that has an entry already is no other file for its name: its message and its commands are carried out."""
    stage.configure(temporary_names=())
    client.put(".orders.csv")
    stage.fail_first_run(client.versions[0], cause="x")
    stage.configure(temporary_names=(".*",))

    client.deliver(0)

    assert [file.state for file in client.files()] == [FileState.PROCESSED]


def test_content_that_failed_under_another_name_is_nobodys(client: Client, stage: Stage) -> None:
    """An earlier release took the temporary name for a file, which failed; the file under its own name is stored."""
    stage.configure(temporary_names=())
    client.put("orders.csv.filepart")
    client.copy("orders.csv.filepart", NAME)

    client.deliver(0)
    client.deliver(1)

    assert [file.state for file in client.files()] == [FileState.FAILED, FileState.PROCESSED]
    assert len(client.stored()) == 2


def test_empty_file_fails_when_nothing_has_followed(
    client: Client, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for a minute without an entry, and is then told of once, as ever."""
    client.put(NAME, b"")
    waits = hidden_s(client, monkeypatch)

    client.deliver(0)
    before = client.files()
    client.finish()

    assert before == []
    assert [59 <= wait <= 61 for wait in waits] == [True]
    assert [(file.state, file.cause) for file in client.files()] == [(FileState.FAILED, "empty")]
    assert len(stage.mails()) == 1
    assert client.left() == []


def test_empty_file_waits_only_for_what_is_left_of_its_minute(
    client: Client, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that was under way for long has waited already."""
    client.put(NAME, b"")
    waits = hidden_s(client, monkeypatch)

    stage.advance_clock(40 / 3_600)
    client.deliver(0)

    assert [19 <= wait <= 21 for wait in waits] == [True]


@pytest.mark.parametrize("how", ["a form", "a person", "the last receive"])
def test_empty_file_that_nothing_will_follow_fails_at_once(client: Client, stage: Stage, how: str) -> None:
    """A form sends a file whole, a person says so, and a message on its last receive would not come again."""
    if how == "the last receive":
        stage.configure(max_receive_count=1)
    client.put(NAME, b"", event="Post" if how == "a form" else "Put")

    body = process_body(client.versions[0]) if how == "a person" else client.events[0]
    done = stage.handle(stage.message(body))

    assert done
    assert [(file.state, file.cause) for file in client.files()] == [(FileState.FAILED, "empty")]


def test_empty_version_that_the_client_has_deleted_is_none(client: Client, stage: Stage) -> None:
    """It goes for good, and nobody is called."""
    client.put(NAME, b"")
    client.delete(NAME)

    client.deliver(0)

    assert (client.files(), client.left(), client.queued, stage.mails()) == ([], [], [], [])


def test_object_that_is_not_empty_after_all_is_a_file(client: Client) -> None:
    """An event may say what it likes: the object counts."""
    client.put(NAME)
    event = json.loads(client.events[0])
    event["Records"][0]["s3"]["object"]["size"] = 0
    client.events[0] = json.dumps(event)

    client.deliver(0)

    assert [file.state for file in client.files()] == [FileState.PROCESSED]


def test_event_without_a_size_is_about_a_file(client: Client) -> None:
    """Whether it is empty shows when it is read."""
    client.put(NAME, b"")
    event = json.loads(client.events[0])
    del event["Records"][0]["s3"]["object"]["size"]
    client.events[0] = json.dumps(event)

    client.deliver(0)

    assert [(file.state, file.cause) for file in client.files()] == [(FileState.FAILED, "empty")]


def test_event_without_a_time_waits_once(client: Client) -> None:
    """Nobody knows how old the object is, so that its message waits for a whole minute, and is done with then."""
    client.put(NAME, b"")
    event = json.loads(client.events[0])
    del event["Records"][0]["eventTime"]
    client.events[0] = json.dumps(event)

    client.deliver(0)
    before = client.files()
    client.finish()

    assert before == []
    assert [(file.state, file.cause) for file in client.files()] == [(FileState.FAILED, "empty")]


def test_earlier_file_under_the_same_name_does_not_follow(client: Client, stage: Stage) -> None:
    """Yesterday's file was whole; today's empty one of the same name is told of."""
    client.put(NAME)
    client.deliver(0)
    stage.advance_clock(24)
    client.put(NAME, b"")

    client.deliver(1)
    client.finish()

    assert [file.state for file in client.files()] == [FileState.PROCESSED, FileState.FAILED]


def test_redriven_message_finds_what_has_followed(client: Client, stage: Stage) -> None:
    """However late the event of the empty version comes, the version that followed is found in the ledger."""
    client.put(NAME, b"")
    client.put(NAME)
    client.deliver(1)
    stage.advance_clock(100)

    client.deliver(0)

    assert [file.state for file in client.files()] == [FileState.PROCESSED]
    assert (client.left(), client.queued, stage.mails()) == ([], [], [])


def test_failed_empty_file_stays_failed(client: Client, stage: Stage) -> None:
    """What follows after it was told of is another file; a late delivery of the empty one changes nothing."""
    client.put(NAME, b"")
    client.deliver(0)
    client.finish()
    client.put(NAME)

    client.deliver(1)
    client.deliver(0)

    assert [file.state for file in client.files()] == [FileState.FAILED, FileState.PROCESSED]
    assert client.queued == []
    assert len(stage.mails()) == 1


def test_neighbours_of_a_message_go_on(client: Client, stage: Stage) -> None:
    """A message about a temporary name, an empty version and a file comes back for the empty version alone."""
    client.put("orders.csv.part")
    client.put("empty.csv", b"")
    client.put(NAME)
    records = [json.loads(event)["Records"][0] for event in client.events]
    client.events.append(json.dumps({"Records": records}))

    client.deliver(3)
    first = [file.state for file in client.files()]
    client.finish()

    assert first == [FileState.PROCESSED]
    assert [file.state for file in client.files()] == [FileState.FAILED, FileState.PROCESSED]
    assert client.left() == ["orders.csv.part"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_death_at_any_call_leaves_the_empty_version_to_the_next_delivery(
    client: Client, stage: Stage, *, after: bool
) -> None:
    """Whatever the dead function had done, the version goes, and nobody is called."""
    for at in count():
        client.put(f"{at}.csv", b"")
        client.put(f"{at}.csv")
        message = stage.message(client.events[-2])
        killer = Killer(at, after=after)
        with suppress(Kill), killer.watching(stage.clients):
            stage.handle(message)
        if len(killer.calls) <= at:
            break
        stage.handle(message._replace(receive_count=2))

    assert killer.calls == ["GetItem", "HeadObject", "HeadObject", "DeleteObject"]
    assert sorted(client.left()) == sorted(f"{number}.csv" for number in range(at + 1))
    assert client.files() == []
    assert stage.mails() == []
