"""Orders' keys: files that begin together never share one, and a file of before keeps those that it has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from processor.domain.object_keys import ObjectVersion, file_id
from processor.messaging.messages import reprocess_body
from processor.storage.accepted_reader import read_accepted_rows
from tests.integration.stage import GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from tests.integration.stage import Stage


def upload_alike(stage: Stage) -> tuple[ObjectVersion, ObjectVersion]:
    """Upload files until the ids of two end in the same three digits: some forty suffice."""
    by_end: dict[int, ObjectVersion] = {}
    for number in range(1_001):
        version = stage.upload(f"{number}.csv", csv_file(*GOOD_ROWS, f"A-3,Ada,Pen,1,{number}.00"))
        end = int(file_id(version), 16) % 1000
        if end in by_end:
            return by_end[end], version
        by_end[end] = version
    raise AssertionError("a thousand and one files have a thousand ends")


def test_files_that_begin_together_overwrite_nothing(stage: Stage) -> None:
    """Two files with the same order ids begin in one microsecond, and their ids end alike: each keeps its orders."""
    first, second = upload_alike(stage)
    moment = datetime.now(UTC)
    stage.configure(same_orders="store")
    stage.services = stage.services._replace(now=lambda: moment)

    stage.deliver(first)
    stage.deliver(second)

    owners = sorted(order["file_id"] for order in stage.orders())
    assert owners == sorted([file_id(first), file_id(second)] * 3)


def test_file_of_before_keeps_its_keys(stage: Stage) -> None:
    """A file whose base timestamp has no more than microseconds is stored, run again and read under the same keys."""
    version = stage.upload("orders.csv", csv_file(*GOOD_ROWS))
    base = "2026-11-22T10:20:30.123456Z"
    stage.fail_first_run(version, base_timestamp=base)
    expected = [f"{base[:-7]}{int(base[-7:-1]) + row:06}{int(file_id(version), 16) % 1000:03}Z" for row in (2, 3)]
    stage.deliver(version)
    stored = stage.orders()

    stage.services.ledger.request_reprocess(file_id(version))
    stage.handle(stage.message(reprocess_body(file_id(version))))

    again, entry = stage.orders(), stage.entry(version)
    read = read_accepted_rows(stage.clients.s3, entry, None, first=0, count=2)
    assert [order["processed_timestamp"] for order in stored] == expected
    assert [order["processed_timestamp"] for order in again] == expected
    assert [order.processed_timestamp for order in read] == expected
