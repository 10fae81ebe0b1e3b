"""Signing in by Cognito's form, and signing out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.tabs import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.e2e.deployment import Deployment


def test_sign_in_leads_to_the_page_that_was_asked_for(open_tab: Callable[..., Page], waybill: Deployment) -> None:
    """A link from a mail survives the sign-in."""
    page = open_tab("stranger")

    sign_in(page, f"{waybill.outputs['ConsoleUrl']}/metrics?window=hour", waybill.accounts.operator)

    expect(page).to_have_url(f"{waybill.outputs['ConsoleUrl']}/metrics?window=hour")
    expect(page.get_by_role("heading", name="Metrics", level=1)).to_be_visible()


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(page: Page) -> None:
    """It is HttpOnly, Secure, bound to this host, and not sent with other sites' forms."""
    page.goto("/")

    (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("__Host-")]

    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert cookie["name"] not in page.evaluate("document.cookie")


def test_sign_out_ends_the_session(open_tab: Callable[..., Page], waybill: Deployment) -> None:
    """The next page says so, and another visit asks for the password."""
    page = open_tab("stranger")
    sign_in(page, waybill.outputs["ConsoleUrl"], waybill.accounts.viewer)

    page.get_by_role("button", name="Sign out").first.click()

    expect(page).to_have_url(re.compile("/auth/signed-out$"))
    page.goto("/files")
    expect(page.get_by_label("Password")).to_be_visible()


def test_wrong_password_is_refused(open_tab: Callable[..., Page], waybill: Deployment) -> None:
    """Cognito's form stays, and no session begins."""
    page = open_tab("stranger")
    page.goto("/")
    page.get_by_label("Username").fill(waybill.accounts.operator.user)
    page.get_by_label("Password").fill("guessed")

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_label("Password")).to_be_visible()
    assert not [cookie for cookie in page.context.cookies() if "user" in cookie["value"]]


def test_viewer_is_offered_no_action(open_tab: Callable[..., Page]) -> None:
    """A viewer sees the list, without upload and actions."""
    page = open_tab("viewer")

    page.goto("/files")

    expect(page.get_by_text("viewer (read only)").first).to_be_attached()
    expect(page.get_by_role("link", name="Upload", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("Reprocess|Dismiss"))).to_have_count(0)
