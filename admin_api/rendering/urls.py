"""URLs of things whose names may hold any character. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable

EXPORT = "export.csv"
NAMES = "/files/names"
LONGEST_ID = 64
_IN_A_PATH = re.compile(r"[\w.~-]+", re.ASCII)
_NOT_IN_A_PATH = frozenset({".", "..", EXPORT})


def names_href(file_ids: Iterable[str]) -> str:
    """Return the URL that names these files; "" for none."""
    query = urlencode([("id", file_id) for file_id in file_ids])
    return f"{NAMES}?{query}" if query else ""


def order_href(order_id: str, cursor: str = "") -> str:
    """Return the URL of an order's page; an id of other characters than every path keeps goes into the query."""
    # Browsers resolve dots. An HTTP API hands a path on decoded, and ends it at a question mark that was encoded.
    if order_id in _NOT_IN_A_PATH or not _IN_A_PATH.fullmatch(order_id):
        return f"/orders?{urlencode({'order_id': order_id} | ({'cursor': cursor} if cursor else {}))}"
    return f"/orders/{order_id}" + (f"?{urlencode({'cursor': cursor})}" if cursor else "")


def order_mark(order_id: str) -> str:
    """Return what names an order's place in a page: without special characters, and the order id's alone."""
    return hashlib.sha256(order_id.encode(errors="surrogatepass")).hexdigest()[:20]
