"""The addresses of things whose names could be anything. Pure."""

from __future__ import annotations

from urllib.parse import quote, urlencode

EXPORT = "export.csv"
_NOT_IN_A_PATH = frozenset({"", ".", "..", EXPORT})


def order_href(order_id: str, cursor: str = "") -> str:
    """Return the address of an order's page; an id that no path can hold goes into the query."""
    # Browsers and gateways resolve dots and drop slashes at the ends, whether they are encoded or not.
    if order_id in _NOT_IN_A_PATH or order_id != order_id.strip("/ "):
        return f"/orders?{urlencode({'order_id': order_id} | ({'cursor': cursor} if cursor else {}))}"
    return f"/orders/{quote(order_id, safe='')}" + (f"?{urlencode({'cursor': cursor})}" if cursor else "")
