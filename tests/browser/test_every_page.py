"""What holds for every page: axe finds nothing in either theme, nothing sticks out of a phone. A picture is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from cdk.local.processes import ROOT
from tests.browser.people import NARROW, WIDE
from tests.browser.places import NAMES, address

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.e2e.deployment import Deployment

SHOTS = ROOT / ".local/screenshots"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
LOOKS = {"light": ("light", WIDE), "dark": ("dark", WIDE), "phone": ("light", NARROW)}


def findings(page: Page, look: str) -> list[str]:
    """Have axe look at the page, and say each thing that it found with the first element at fault."""
    results: dict[str, Any] = Axe().run(page, options=RULES).response
    return [
        f"{look}: {found['id']}: {found['help']} ({len(found['nodes'])}, first {found['nodes'][0]['target']}: "
        f"{found['nodes'][0].get('failureSummary', '')})"
        for found in results["violations"]
    ]


def sticks_out(page: Page) -> list[str]:
    """Name what is wider than the window, if somebody would have to scroll sideways."""
    return list(
        page.evaluate(
            """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
            [...document.querySelectorAll("body *")]
              .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
              .map(e => `${e.tagName}.${e.className?.baseVal ?? e.className}`).slice(0, 5)"""
        )
    )


@pytest.mark.parametrize("name", NAMES)
def test_page_is_accessible_in_both_themes_and_fits_a_phone(
    opened: Callable[..., Page], waybill: Deployment, name: str
) -> None:
    """WCAG 2.2 AA as far as a machine can tell; nobody scrolls sideways; nothing is complained about."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page = opened()
    page.goto(address(waybill, name))

    found: list[str] = []
    for look, (theme, (width, height)) in LOOKS.items():
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SHOTS / f"{name}-{look}.png", full_page=True)
        found += [*findings(page, look), *(f"{look}: {what} is too wide" for what in sticks_out(page))]

    assert found == []
