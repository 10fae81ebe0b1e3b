"""What people do at the console's door, and the tab that each of them looks at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

    from cdk.local.accounts import Account

WIDE, NARROW = (1280, 800), (390, 844)
SECONDS = 1000
# A page and its files are asked for at once, and the emulator starts a process for each: slow on a busy machine.
PATIENCE = 60 * SECONDS


def sign_in(page: Page, address: str, account: Account) -> None:
    """Go to an address of the console and through Cognito's form to it."""
    page.goto(address)
    page.get_by_label("Username").fill(account.user)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Overview")).to_be_visible(timeout=PATIENCE)


@dataclass
class Opened:
    """A tab that remembers what went wrong in it."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def tab(
        cls,
        chromium: Browser,
        address: str,
        state: Any,
        *,
        theme: str = "light",
        size: tuple[int, int] = WIDE,
        javascript: bool = True,
    ) -> Opened:
        """Open a tab with somebody's cookies, on a machine that likes this theme."""
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
        context.set_default_timeout(PATIENCE)
        tab = cls(context, context.new_page())
        tab.page.on("console", tab.heard)
        tab.page.on("pageerror", lambda error: tab.complaints.append(f"{tab.page.url}: {error}"))
        tab.page.on("response", tab.answered)
        return tab

    def heard(self, message: ConsoleMessage) -> None:
        """Remember an error or a warning; a violated policy is one. Answers that failed are remembered as answers."""
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def answered(self, response: Response) -> None:
        """Remember an answer that says that the server failed, and a part of a page that is not there."""
        asked_for_page = response.request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not asked_for_page):
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

    def close(self) -> list[str]:
        """Close the tab and return what it complained about."""
        self.context.close()
        return self.complaints
