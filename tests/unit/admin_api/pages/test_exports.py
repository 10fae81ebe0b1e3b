"""Exports end where nothing matches: each read of a list gives the writer a chance to stop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from admin_api.pages.files.export import HEADER as FILES_HEADER
from admin_api.pages.files.export import file_rows
from admin_api.pages.orders.export import HEADER as ORDERS_HEADER
from admin_api.pages.orders.export import order_rows
from admin_api.rendering.csv_export import MOST_READS, write_csv
from processor.ledger.file_list import FileFilter, FilePage
from processor.orders.lookup import FileOrders
from processor.orders.pages import OrderPage
from tests.unit.admin_api.made_files import made_file

if TYPE_CHECKING:
    from admin_api.wiring.services import Console

_FILE = made_file(accepted_rows=10**9, accepted_key="processed-data/x.csv")


class EndlessLists:
    """Lists whose every page is empty and has an older one; it counts the reads."""

    def __init__(self) -> None:
        self.reads = 0

    def list_files(self, *_: Any, **__: Any) -> FilePage:
        """Return an empty page of files."""
        self.reads += 1
        return FilePage((), "older", "")

    def find_orders(self, *_: Any, **__: Any) -> OrderPage:
        """Return an empty page of orders."""
        self.reads += 1
        return OrderPage((), "older", "")

    def list_file_orders(self, *_: Any, first: int, **__: Any) -> FileOrders:
        """Return a page of a file's orders, none of which is stored any more."""
        self.reads += 1
        return FileOrders(_FILE, (), first, _FILE.accepted_rows, "")

    @property
    def console(self) -> Console:
        """A console with nothing but these lists."""
        orders = SimpleNamespace(
            find_by_order_id=self.find_orders,
            find_by_customer=self.find_orders,
            list_file_orders=self.list_file_orders,
            compare_with_table=tuple,
        )
        ledger = SimpleNamespace(list_runs=lambda _: [])
        files = SimpleNamespace(list_files=self.list_files)
        return SimpleNamespace(orders=orders, ledger=ledger, files=files)  # type: ignore[return-value]


def test_export_of_files_that_match_nothing_ends() -> None:
    """A name that no file has does not read a ledger of a million files to its end."""
    lists = EndlessLists()

    export = write_csv(FILES_HEADER, file_rows(lists, FileFilter(name="nothing")))  # type: ignore[arg-type]

    assert (export.rows, export.complete) == (0, False)
    assert lists.reads == MOST_READS + 1


@pytest.mark.parametrize("which", [{"order_id": "A-1"}, {"customer": "Ada"}, {"entry": _FILE}])
def test_export_of_orders_that_are_gone_ends(which: dict[str, Any]) -> None:
    """Whatever is exported: reads that bring no row are counted."""
    lists = EndlessLists()

    export = write_csv(ORDERS_HEADER, order_rows(lists.console, **which))

    assert (export.rows, export.complete) == (0, False)
    assert lists.reads == MOST_READS + 1


def test_export_of_all_orders_ends_where_no_file_has_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger full of failed files is not read to its end."""
    lists = EndlessLists()
    page = SimpleNamespace(groups=(), older="older")
    monkeypatch.setattr("admin_api.pages.orders.feed.read_feed", lambda *_: lists.list_files() and page)

    export = write_csv(ORDERS_HEADER, order_rows(lists.console))

    assert (export.rows, export.complete) == (0, False)
    assert lists.reads == MOST_READS + 1
