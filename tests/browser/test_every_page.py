"""What holds for every page: axe finds nothing in either theme, nothing sticks out of a phone. A picture is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from tests.browser.people import NARROW, WIDE
from tests.browser.places import NAMES, address
from tests.stack.bring_up import LOCAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.stack.deployment import Deployment

SHOTS = LOCAL / "screenshots"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
LOOKS = {"light": ("light", WIDE), "dark": ("dark", WIDE), "phone": ("light", NARROW)}


def findings(page: Page) -> list[str]:
    """Have axe look at the page, and say each thing that it found with the first element at fault."""
    results: dict[str, Any] = Axe().run(page, options=RULES).response
    return [
        f"{found['id']}: {found['help']} ({len(found['nodes'])}, first {found['nodes'][0]['target']}: "
        f"{found['nodes'][0].get('failureSummary', '')})"
        for found in results["violations"]
    ]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", NAMES)
def test_page_is_accessible_and_fits(opened: Callable[..., Page], waybill: Deployment, name: str, look: str) -> None:
    """WCAG 2.2 AA as far as a machine can tell; nobody scrolls sideways; nothing is complained about."""
    theme, size = LOOKS[look]
    page = opened(theme=theme, size=size)

    page.goto(address(waybill, name))
    page.wait_for_load_state("networkidle")

    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{look}.png", full_page=True)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
