"""The console's door: nobody gets in but through Cognito's form, and whoever leaves is out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.people import sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.e2e.deployment import Deployment


def test_signing_in_leads_back_to_where_one_was_going(opened: Callable[..., Page], waybill: Deployment) -> None:
    """A link in a mail survives the sign-in."""
    page = opened("stranger")

    sign_in(page, f"{waybill.outputs['ConsoleUrl']}/metrics?window=hour", waybill.accounts.operator)

    expect(page).to_have_url(f"{waybill.outputs['ConsoleUrl']}/metrics?window=hour")
    expect(page.get_by_role("heading", name="Metrics", level=1)).to_be_visible()


def test_the_session_cookie_is_beyond_the_reach_of_scripts_and_other_sites(page: Page) -> None:
    """HttpOnly, Secure, bound to this very host, and not sent along by other sites' forms."""
    page.goto("/")

    (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"].startswith("__Host-")]

    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert cookie["name"] not in page.evaluate("document.cookie")


def test_whoever_signs_out_is_out(opened: Callable[..., Page], waybill: Deployment) -> None:
    """The page after it says so, and the way back asks for the password."""
    page = opened("stranger")
    sign_in(page, waybill.outputs["ConsoleUrl"], waybill.accounts.viewer)

    page.get_by_role("button", name="Sign out").first.click()

    expect(page).to_have_url(re.compile("/auth/signed-out$"))
    page.goto("/files")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_gets_nobody_in(opened: Callable[..., Page], waybill: Deployment) -> None:
    """Cognito's form says so and stays."""
    page = opened("stranger")
    page.goto("/")
    page.get_by_label("Username").fill(waybill.accounts.operator.user)
    page.get_by_label("Password").fill("guessed")

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_label("Password")).to_be_visible()
    assert not [cookie for cookie in page.context.cookies() if "user" in cookie["value"]]


def test_viewers_are_offered_nothing_to_do(opened: Callable[..., Page]) -> None:
    """No upload, no action on a file; they see what operators see."""
    page = opened("viewer")

    page.goto("/files")

    expect(page.get_by_text("viewer (read only)").first).to_be_attached()
    expect(page.get_by_role("link", name="Upload")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("Reprocess|Dismiss"))).to_have_count(0)
