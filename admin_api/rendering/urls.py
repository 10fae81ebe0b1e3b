"""URLs of things whose names may hold any character. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

EXPORT = "export.csv"
NAMES = "/files/names"
LONGEST_ID = 64
_NOT_IN_A_PATH = frozenset({"", ".", "..", EXPORT})


def names_href(file_ids: Iterable[str]) -> str:
    """Return the URL that names these files; "" for none."""
    query = urlencode([("id", file_id) for file_id in file_ids])
    return f"{NAMES}?{query}" if query else ""


def order_href(order_id: str, cursor: str = "") -> str:
    """Return the URL of an order's page; an id that no path can hold goes into the query."""
    # Browsers and gateways resolve dots and drop outer slashes, encoded or not.
    if order_id in _NOT_IN_A_PATH or order_id != order_id.strip("/ "):
        return f"/orders?{urlencode({'order_id': order_id} | ({'cursor': cursor} if cursor else {}))}"
    return f"/orders/{quote(order_id, safe='')}" + (f"?{urlencode({'cursor': cursor})}" if cursor else "")
