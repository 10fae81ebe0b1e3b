"""Uploads as SFTP clients, gateways and mounted buckets make them: whatever comes when, the orders are stored once."""

from __future__ import annotations

import random
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest

from processor.domain.file_states import FileState
from processor.domain.object_keys import file_id
from tests.integration.kill import Kill, Killer, some_calls
from tests.integration.processor.pipeline.upload_clients import Client, Meanwhile, interleavings, play
from tests.integration.stage import BAD_ROW, csv_file
from tests.integration.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.integration.processor.pipeline.upload_clients import Step
    from tests.integration.stage import Stage

TEMPORARY_NAMES = ("*.filepart", "*.part", "*.partial", "*.tmp", "*.crdownload", ".*", "~*")
_MOST_CALLS = 200
NAME = "orders.csv"


def put(name: str, body: bytes | None = None) -> Step:
    """Put an object under this name."""
    return lambda client: client.put(name, body)


def rename(name: str, to: str = NAME) -> Step:
    """Give an object another name."""
    return lambda client: client.rename(name, to)


def copy(name: str, to: str = NAME) -> Step:
    """Copy an object to another name."""
    return lambda client: client.copy(name, to)


def touch(name: str) -> Step:
    """Copy an object onto itself with another time."""
    return lambda client: client.copy(name, mtime=str(len(client.events)))


def delete(name: str) -> Step:
    """Delete a name."""
    return lambda client: client.delete(name)


def in_parts(name: str) -> Step:
    """Upload by parts."""
    return lambda client: client.upload_in_parts(name)


RENAMES: dict[str, tuple[Sequence[Step], Sequence[int]]] = {
    "WinSCP": ([put("orders.csv.filepart"), copy("orders.csv.filepart"), delete("orders.csv.filepart")], [1, 1, 0]),
    "WinSCP through a server that uploads by parts": (
        [in_parts("orders.csv.filepart"), rename("orders.csv.filepart")],
        [1, 1],
    ),
    "rclone": ([put("orders.csv.1a2b3c4d.partial"), rename("orders.csv.1a2b3c4d.partial")], [1, 1]),
    "lftp": ([put(".in.orders.csv."), rename(".in.orders.csv.")], [1, 1]),
    "rsync": ([put(".orders.csv.Xa3b4C"), rename(".orders.csv.Xa3b4C")], [1, 1]),
    "a browser": ([put("Orders.CSV.CRDOWNLOAD"), rename("Orders.CSV.CRDOWNLOAD")], [1, 1]),
    "an office program": ([put("~orders.tmp"), put(NAME), delete("~orders.tmp")], [1, 1, 0]),
    "a program that writes, then renames": (
        [put("orders.part", b""), put("orders.part"), rename("orders.part")],
        [1, 1, 1],
    ),
}
EMPTY_FIRST: dict[str, tuple[Sequence[Step], Sequence[int]]] = {
    "a mounted bucket": ([put(NAME, b""), put(NAME)], [1, 1]),
    "a gateway that uploads by parts": ([put(NAME, b""), in_parts(NAME)], [1, 1]),
    "an empty file with changed rights": ([put(NAME, b""), copy(NAME), put(NAME)], [1, 1, 1]),
}


SELF_COPIES: dict[str, tuple[Sequence[Step], Sequence[int]]] = {
    "rclone, which notes the time": ([put(NAME), touch(NAME)], [1, 1]),
    "a mounted bucket, which notes time and rights": ([put(NAME), touch(NAME), touch(NAME)], [1, 1, 1]),
    "a mounted bucket, which makes it empty first": ([put(NAME, b""), put(NAME), touch(NAME)], [1, 1, 1]),
    "a rename with its time": ([put("orders.part"), rename("orders.part"), touch(NAME)], [1, 1, 1]),
}


@pytest.fixture
def client_of(stage: Stage) -> Callable[[], Client]:
    """Provide new clients of one inbox, each with its own folder."""
    stage.configure(temporary_names=TEMPORARY_NAMES)
    numbers = count(1)
    return lambda: Client(stage, f"c{next(numbers)}-")


def assert_stored_once(client: Client, order: object) -> None:
    """Check that the orders are there once, by one file, and that no message is left."""
    assert client.stored() == [f"{client.folder}-1", f"{client.folder}-2"], order
    assert [file.state for file in client.files()] == [FileState.PROCESSED], order
    assert client.queued == [], order


@pytest.mark.parametrize("name", [*RENAMES, *EMPTY_FIRST, *SELF_COPIES])
def test_every_order_of_steps_and_events_stores_the_orders_once(
    name: str, client_of: Callable[[], Client], stage: Stage
) -> None:
    """A name that is not the file's own is left alone, and an empty version gives way, whenever the event comes."""
    steps, announced = (RENAMES | EMPTY_FIRST | SELF_COPIES)[name]

    for order in interleavings(announced):
        client = client_of()
        play(client, steps, order)

        assert_stored_once(client, order)
        assert NAME not in client.left()
    assert stage.mails() == []


def test_copy_of_what_a_person_is_told_of_is_not_told_of_again(client_of: Callable[[], Client], stage: Stage) -> None:
    """The file and its copies are one, also where nothing is stored: one entry, one mail."""
    for order in interleavings([1, 1, 1]):
        client = client_of()
        play(client, [put(NAME, b"no header\n1,2,3\n"), touch(NAME), touch(NAME)], order)

        assert [file.state for file in client.files()] == [FileState.FAILED], order
        assert len(stage.mails()) == 1, order
        assert client.left() == []


@pytest.mark.parametrize("first", [0, 1], ids=["the first version", "the copy"])
@pytest.mark.parametrize("body", [None, b"no header\n1,2,3\n"], ids=["stored", "failed"])
def test_runs_of_both_versions_at_once_make_one_file(
    first: int, body: bytes | None, client_of: Callable[[], Client], stage: Stage
) -> None:
    """At every call of one run the other one begins and ends; one of them is the file."""
    mails = 0 if body is None else 1
    for at in some_calls(_MOST_CALLS):
        client = client_of()
        client.put(NAME, body)
        client.copy(NAME, mtime="1")
        messages = [client.take(0), client.take(1)]
        other = Meanwhile(at, partial(client.handle, messages[1 - first]))
        with other.watching(stage.clients):
            client.handle(messages[first])
        if other.calls <= at:
            break
        client.finish()

        assert len(client.files()) == 1, at
        assert client.stored() == ([f"{client.folder}-1", f"{client.folder}-2"] if body is None else []), at
        assert len(stage.mails()) == mails, at
        assert client.left() == [], at

    assert at > 5


@pytest.mark.parametrize("body", [None, b"no header\n1,2,3\n"], ids=["stored", "failed"])
def test_runs_that_take_turns_make_one_file(body: bytes | None, client_of: Callable[[], Client], stage: Stage) -> None:
    """Both versions run at the same moment, in turns of any length: neither leaves the orders to the other."""
    for seed in range(4):
        chosen = random.Random(seed)  # noqa: S311
        schedule = [number for _ in range(40) for number in [chosen.randrange(2)] * chosen.randrange(1, 9)]
        client = client_of()
        client.put(NAME, body)
        client.copy(NAME, mtime="1")
        runs = [partial(client.handle, client.take(number)) for number in (0, 1)]
        Turns(schedule).run(stage.clients, *runs)
        client.finish()

        assert len(client.files()) == 1, seed
        assert client.stored() == ([f"{client.folder}-1", f"{client.folder}-2"] if body is None else []), seed
        assert len(stage.mails()) == (0 if body is None else 1), seed
        assert client.left() == [], seed


def test_copy_of_an_upload_in_parts_is_the_same_file(client_of: Callable[[], Client], stage: Stage) -> None:
    """A copy has another ETag than what was uploaded in parts: the text is what counts."""
    for order in interleavings([1, 1]):
        client = client_of()
        play(client, [in_parts(NAME), touch(NAME)], order)

        assert_stored_once(client, order)
        assert client.left() == []
    assert stage.mails() == []


def test_copy_of_a_held_file_is_held_once(client_of: Callable[[], Client], stage: Stage) -> None:
    """The person who decides sees one file, and one comparison beside it."""
    client = client_of()
    client.put("earlier.csv", client.body.replace(b",2,2.50", b",9,2.50"))
    client.deliver(0)
    client.put(NAME)
    client.copy(NAME, mtime="1")

    client.deliver(1)
    client.deliver(2)
    client.finish()

    held = [file for file in client.files() if file.state is FileState.HELD]
    assert [file.name for file in client.files()] == ["earlier.csv", NAME]
    assert [file.file_id for file in held] == [file_id(client.versions[1])]
    assert all(held[0].file_id in key for key in stage.objects("failed-data/"))
    assert len(stage.mails()) == 1
    assert client.left() == []


def test_copy_of_a_file_with_nothing_but_rejected_rows_is_told_of_once(
    client_of: Callable[[], Client], stage: Stage
) -> None:
    """Nothing is stored of it, so that no content is claimed; its rejected rows lie there once."""
    client = client_of()
    client.put(NAME, csv_file(BAD_ROW))
    client.copy(NAME, mtime="1")

    client.deliver(0)
    client.deliver(1)
    client.finish()

    assert [file.state for file in client.files()] == [FileState.PARTIAL]
    assert len(stage.objects("failed-data/")) == 1
    assert len(stage.mails()) == 1


def test_copy_during_the_run_is_the_same_file(client_of: Callable[[], Client], stage: Stage) -> None:
    """At every call of the run the client copies the object onto itself, or finds it gone."""
    for at in some_calls(_MOST_CALLS):
        client = client_of()
        client.put(NAME)
        message = client.take(0)
        touching = Meanwhile(at, partial(client.copy, NAME, mtime="1"))
        with touching.watching(stage.clients):
            client.handle(message)
        if touching.calls <= at:
            break
        if client.events[1]:
            client.deliver(1)
        client.finish()

        assert_stored_once(client, at)
        assert client.left() == []
    assert stage.mails() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_death_at_any_call_leaves_one_file(client_of: Callable[[], Client], stage: Stage, *, after: bool) -> None:
    """The run of the copy dies, and its message comes again."""
    for at in some_calls(_MOST_CALLS):
        client = client_of()
        client.put(NAME)
        client.copy(NAME, mtime="1")
        client.deliver(0)
        message = stage.message(client.events[1])
        killer = Killer(at, after=after)
        with suppress(Kill), killer.watching(stage.clients):
            stage.handle(message)
        if len(killer.calls) <= at:
            break
        stage.advance_clock()
        stage.handle(message._replace(receive_count=2))

        assert_stored_once(client, at)
        assert client.left() == [], at
    assert at > 5
    assert stage.mails() == []


def test_rename_of_the_same_content_sent_again_is_told_of(client_of: Callable[[], Client], stage: Stage) -> None:
    """The first file had left the inbox for long: what comes under its name now is a new upload."""
    client = client_of()
    client.put("orders.part")
    client.rename("orders.part", NAME)
    client.deliver(1)
    stage.advance_clock(24)
    client.put("orders.part")
    client.rename("orders.part", NAME)

    client.deliver(3)

    assert [file.state for file in client.files()] == [FileState.PROCESSED, FileState.DUPLICATE]
    assert len(stage.mails()) == 1


def test_put_of_the_same_content_is_told_of(client_of: Callable[[], Client], stage: Stage) -> None:
    """Only a copy onto itself is the same upload; a sender who uploads again is told."""
    client = client_of()
    client.put(NAME)
    client.put(NAME)

    client.deliver(0)
    client.deliver(1)

    assert [file.state for file in client.files()] == [FileState.PROCESSED, FileState.DUPLICATE]
    assert len(stage.mails()) == 1


def test_forgotten_copy_is_counted_once(client_of: Callable[[], Client], stage: Stage) -> None:
    """The counters know one file, and so do the metrics."""
    client = client_of()
    client.put(NAME)
    client.copy(NAME, mtime="1")

    client.deliver(0)
    client.deliver(1)

    assert stage.invocation.metrics.counters["FilesReceived"] == 1
    assert stage.invocation.metrics.counters["FilesProcessed"] == 1
