"""Uploads as SFTP clients, gateways and mounted buckets make them: whatever comes when, the orders are stored once."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from processor.domain.file_states import FileState
from tests.integration.processor.pipeline.upload_clients import Client, interleavings, play

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.integration.processor.pipeline.upload_clients import Step
    from tests.integration.stage import Stage

TEMPORARY_NAMES = ("*.filepart", "*.part", "*.partial", "*.tmp", "*.crdownload", ".*", "~*")
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
    "a file that is made empty twice": ([put(NAME, b""), put(NAME, b""), put(NAME)], [1, 1, 1]),
    "an empty file with changed rights": ([put(NAME, b""), copy(NAME), put(NAME)], [1, 1, 1]),
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


@pytest.mark.parametrize("name", [*RENAMES, *EMPTY_FIRST])
def test_every_order_of_steps_and_events_stores_the_orders_once(
    name: str, client_of: Callable[[], Client], stage: Stage
) -> None:
    """A name that is not the file's own is left alone, and an empty version gives way, whenever the event comes."""
    steps, announced = (RENAMES | EMPTY_FIRST)[name]

    for order in interleavings(announced):
        client = client_of()
        play(client, steps, order)

        assert_stored_once(client, order)
        assert NAME not in client.left()
    assert stage.mails() == []
