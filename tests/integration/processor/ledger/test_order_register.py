"""The register of orders: what a process remembers, and what it reads again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from processor.domain.order_sample import OrderSample
from processor.ledger import order_register
from processor.ledger.order_register import OrderRegister
from processor.ledger.table import FilesTable
from tests.unit.admin_api.made_files import made_file

if TYPE_CHECKING:
    import pytest

    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def file_of(sender: str, number: int) -> FileEntry:
    """Make a file of a sender."""
    return made_file(file_id=f"{number:024x}", object_key=f"raw-data/{sender}/{number}.csv")


def register_of(stage: Stage, days: int = 30) -> OrderRegister:
    """Make the register as another process has it."""
    return OrderRegister(FilesTable(stage.clients.files, "files"), days)


def put(stage: Stage, number: int, at: datetime, sender: str = "acme") -> None:
    """Register a file by another process."""
    register_of(stage).register(file_of(sender, number), OrderSample.of([f"A-{number}"]), "00", at)


def found(register: OrderRegister, at: datetime, sender: str = "acme") -> list[int]:
    """List the other files of a sender by their numbers."""
    return [int(each.file_id, 16) for each in register.list_others(file_of(sender, 0), at)]


def empty(stage: Stage) -> None:
    """Delete all that is registered, so that it is known only to who remembers it."""
    for item in stage.clients.files.scan(TableName="files")["Items"]:
        stage.clients.files.delete_item(TableName="files", Key={name: item[name] for name in ("file_id", "entry")})


def test_process_reads_only_what_was_registered_since(stage: Stage) -> None:
    """What it has read before it remembers; what came within the last quarter of an hour it reads again."""
    register = register_of(stage)
    put(stage, 1, NOW - HOUR)
    before = found(register, NOW)
    empty(stage)
    put(stage, 2, NOW - timedelta(minutes=14))
    put(stage, 3, NOW + timedelta(minutes=1))

    after = found(register, NOW + timedelta(minutes=2))

    assert before == [1]
    assert after == [3, 2, 1]


def test_newest_registration_of_a_file_counts(stage: Stage) -> None:
    """A file that is run again may have other orders, and is listed once."""
    register = register_of(stage)
    put(stage, 1, NOW - HOUR)
    found(register, NOW)
    register_of(stage).register(file_of("acme", 1), OrderSample.of(["B-1"]), "01", NOW)

    [again] = register.list_others(file_of("acme", 0), NOW + HOUR)

    assert (again.orders.hashes, again.rows_sha256) == (OrderSample.of(["B-1"]).hashes, "01")


def test_files_are_forgotten_after_their_days(stage: Stage) -> None:
    """Whether the table still has them, or only the process remembers them."""
    register = register_of(stage, days=2)
    put(stage, 1, NOW - 20 * HOUR)
    put(stage, 2, NOW - 50 * HOUR)

    assert found(register, NOW) == [1]
    assert found(register, NOW + 30 * HOUR) == []


def test_senders_are_remembered_up_to_a_bound(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender that was asked for longest ago is read again."""
    put(stage, 1, NOW - HOUR)
    put(stage, 2, NOW - HOUR, sender="beta")
    one = sum(map(len, (f"2026-11-22T09:00:00.000000Z#{1:024x}", b"r", OrderSample.of(["A-1"]).to_bytes())))
    monkeypatch.setattr(order_register, "_MOST_REMEMBERED", one)
    register = register_of(stage)
    found(register, NOW)
    found(register, NOW, sender="beta")
    empty(stage)

    assert found(register, NOW, sender="beta") == [2]
    assert found(register, NOW) == []
