"""Checks that any page can undergo: accessibility by axe, and that nobody has to scroll sideways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


def list_violations(page: Page) -> list[str]:
    """Run axe on the page and describe each violation with its first element."""
    results: dict[str, Any] = Axe().run(page, options=RULES).response
    return [
        f"{found['id']}: {found['help']} ({len(found['nodes'])}, first {found['nodes'][0]['target']}: "
        f"{found['nodes'][0].get('failureSummary', '')})"
        for found in results["violations"]
    ]


def list_overflows(page: Page) -> list[str]:
    """Name the elements that are wider than the window, if the page scrolls sideways."""
    return list(
        page.evaluate(
            """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
            [...document.querySelectorAll("body *")]
              .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
              .map(e => `${e.tagName}.${e.className?.baseVal ?? e.className} is too wide`).slice(0, 5)"""
        )
    )
