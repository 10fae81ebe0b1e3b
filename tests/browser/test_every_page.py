"""Every page: accessible in both themes, no wider than its window; its pictures go to .local/screenshots/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cdk.local.processes import ROOT
from tests.browser.checks import list_overflows, list_violations
from tests.browser.pages import NAMES, address
from tests.browser.tabs import NARROW, VERY_WIDE, WIDE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.e2e.deployment import Deployment

SCREENSHOTS = ROOT / ".local/screenshots"
LOOKS = {
    "light": ("light", WIDE),
    "dark": ("dark", WIDE),
    "phone": ("light", NARROW),
    "very-wide": ("light", VERY_WIDE),
}


@pytest.mark.parametrize("name", NAMES)
def test_page_is_accessible_in_both_themes_and_fits_its_window(
    open_tab: Callable[..., Page], waybill: Deployment, name: str
) -> None:
    """Hold the page to WCAG 2.2 AA as far as axe can tell, without scrolling sideways."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = open_tab()
    page.goto(address(waybill, name))

    problems: list[str] = []
    for look, (theme, (width, height)) in LOOKS.items():
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=SCREENSHOTS / f"{name}-{look}.png", full_page=True)
        problems += [f"{look}: {problem}" for problem in (*list_violations(page), *list_overflows(page))]

    assert problems == []
