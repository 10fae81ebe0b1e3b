"""Files of orders, and what a page of orders shows: its links, its order ids, its export."""

from __future__ import annotations

import csv
import html
import io
import re
from typing import TYPE_CHECKING, Any

from tests.integration.stage import csv_file

if TYPE_CHECKING:
    from starlette.testclient import TestClient


def orders_csv(prefix: str, number: int, customer: str = "Ada") -> bytes:
    """Build a file of so many orders."""
    return csv_file(*(f"{prefix}-{n},{customer},Widget,1,1.00" for n in range(number)))


def link_to(page: Any, text: str) -> str:
    """Return where a link of a page leads, by its words."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>(?:<svg[^>]*><use[^>]*></svg>)?{text}', page.text)
    assert found, f"no link {text!r}"
    return html.unescape(found[1])


def names_href(page: Any) -> str:
    """Return where a page of a customer's orders asks for the names of their files."""
    found = re.search(r'hx-get="(/files/names[^"]+)" hx-trigger="load"', page.text)
    assert found
    return html.unescape(found[1])


def list_order_ids(page: Any) -> list[str]:
    """List the order ids of a page's rows."""
    return re.findall(r'<td class="main"><a href="[^"]+">(?:<s>)?([^<]+)', page.text)


def download_csv(browser: TestClient, path: str) -> tuple[list[list[str]], str]:
    """Fetch an export: its rows and its name."""
    response = browser.get(path)
    assert response.status_code == 200
    text = response.text.removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline=""))), response.headers["content-disposition"]
