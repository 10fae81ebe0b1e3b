"""Signing in, and browser tabs that record the errors of their pages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

    from cdk.local.accounts import Account

WIDE, NARROW, VERY_WIDE = (1280, 800), (390, 844), (2560, 1440)
TIMEOUT_MS = 60_000
"""The emulator starts a process for each of a page's files at once, which is slow on a busy machine."""


def sign_in(page: Page, address: str, account: Account) -> None:
    """Open an address of the console and sign in on Cognito's form."""
    page.goto(address)
    page.get_by_label("Username").fill(account.user)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Overview")).to_be_visible(timeout=TIMEOUT_MS)


@dataclass
class Tab:
    """A tab that records its errors."""

    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        chromium: Browser,
        address: str,
        state: Any,
        *,
        theme: str = "light",
        size: tuple[int, int] = WIDE,
        javascript: bool = True,
    ) -> Tab:
        """Open a tab with a user's cookies, and this theme as the system's preference."""
        context = chromium.new_context(
            base_url=address,
            storage_state=json.loads(json.dumps(state)) if state else None,
            color_scheme="dark" if theme == "dark" else "light",
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=javascript,
            reduced_motion="reduce",
            timezone_id="Europe/Berlin",
            locale="en-GB",
            accept_downloads=True,
        )
        context.set_default_timeout(TIMEOUT_MS)
        tab = cls(context, context.new_page())
        tab.page.on("console", tab.record_message)
        tab.page.on("pageerror", lambda error: tab.errors.append(f"{tab.page.url}: {error}"))
        tab.page.on("response", tab.record_response)
        return tab

    def record_message(self, message: ConsoleMessage) -> None:
        """Record an error or a warning, such as a violated policy. ``record_response`` records failed responses."""
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.errors.append(f"{self.page.url}: {message.text}")

    def record_response(self, response: Response) -> None:
        """Record a response with a server error, and a part of a page that was not found."""
        asked_for_page = response.request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not asked_for_page):
            self.errors.append(f"{response.status} {response.request.method} {response.url}")

    def close(self) -> list[str]:
        """Close the tab and return its errors."""
        self.context.close()
        return self.errors
