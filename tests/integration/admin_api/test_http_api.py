"""Whatever a name is made of, its page is found through an HTTP API, which decodes paths and cuts them."""

from __future__ import annotations

import asyncio
import html
import re
import string
from typing import TYPE_CHECKING

import pytest

from admin_api.rendering.invisible import show_invisible
from admin_api.rendering.urls import order_href
from tests.integration.admin_api.http_api import HttpApi

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.admin_api.console import ConsoleStage

ODD = "\t\u00a0äßÉ\u0131日\u05d0\u200b\u202e\ufeff\U0001f600"
CHARACTERS = sorted({*string.punctuation, *string.digits, " ", "a", *ODD})
WHOLE = [
    ".",
    "..",
    "...",
    "export.csv",
    "names",
    "a//b",
    "//",
    "?",
    "%3F",
    "%253F",
    "%2f..%2f",
    "a?b",
    "a%3Fb",
    "#",
    "+",
]


@pytest.fixture
def gateway(console: ConsoleStage) -> Iterator[HttpApi]:
    """Provide the console behind an HTTP API, with the event loop that Mangum finds in Lambda's main thread."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield HttpApi(console)
    asyncio.set_event_loop(None)
    loop.close()


def put_order(console: ConsoleStage, order_id: str) -> None:
    """Store one order."""
    item = {
        "order_id": {"S": order_id},
        "processed_timestamp": {"S": "2026-11-25T18:00:00.000001000Z"},
        "customer_name": {"S": "Ada"},
        "product_name": {"S": "Widget"},
        "quantity": {"N": "1"},
        "unit_price": {"N": "1"},
        "line_total": {"N": "1"},
        "file_id": {"S": "0123456789abcdef01234567"},
        "row_number": {"N": "1"},
        "run_id": {"S": "r"},
        "trace_id": {"S": ""},
    }
    console.console.dynamodb.put_item(TableName="orders", Item=item)


def heading(text: str) -> str:
    """Return the heading of a page, as a reader sees it."""
    found = re.search(r"<h1>(.*?)<button", text, re.DOTALL)
    return html.unescape(found[1].removesuffix(" ")) if found else ""


def test_order_of_any_character_has_its_own_page(console: ConsoleStage, gateway: HttpApi) -> None:
    """Inside an id, around it where paths care, and for ids that look like something else."""
    inside = [f"A{each}B" for each in CHARACTERS]
    outside = [id_ for each in "/?#%.\t\u00a0" for id_ in (f"{each}B", f"A{each}")]
    ids = [*inside, *outside, *WHOLE]
    for order_id in ids:
        put_order(console, order_id)

    astray = {each for each in ids if heading(gateway.get(order_href(each)).text) != f"Order {show_invisible(each)}"}

    assert astray == set()


@pytest.mark.parametrize("order_id", ["A?B", "A%3FB", "a b#c", "x/../y", "\u202eB"])
def test_list_and_search_lead_to_the_order(console: ConsoleStage, gateway: HttpApi, order_id: str) -> None:
    """No link to an order holds its id in another way."""
    put_order(console, "A")
    put_order(console, order_id)

    found = gateway.get("/search?q=" + order_href(order_id).partition("order_id=")[2])

    assert found.status == 303
    assert found.location == order_href(order_id)
    assert heading(gateway.get(found.location).text) == f"Order {show_invisible(order_id)}"
