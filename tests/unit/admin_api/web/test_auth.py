"""Users, and paths that lead out of the console."""

from __future__ import annotations

import pytest

from admin_api.web.auth import LONGEST_PATH, safe_path, sign_in_path
from admin_api.web.users import User


@pytest.mark.parametrize(
    ("groups", "looks", "acts"),
    [(("operators",), True, True), (("viewers",), True, False), ((), False, False), (("admins",), False, False)],
)
def test_groups_say_what_somebody_may(groups: tuple[str, ...], looks: bool, acts: bool) -> None:
    """Operators act, viewers look, everybody else does neither."""
    user = User("subject", "", groups)

    assert (user.may_look, user.may_act) == (looks, acts)


@pytest.mark.parametrize("path", ["/", "/files?state=failed", "/orders/A%2F1", "/activity/x#y"])
def test_a_path_of_our_own_is_come_back_to(path: str) -> None:
    """The sign-in leads back to the page asked for."""
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    ["", "files", "//evil.example", "/\\evil.example", "https://evil.example", "/auth/sign-out", "/a\nb", "/\x00"],
)
def test_no_path_leads_elsewhere(path: str) -> None:
    """An open redirect would lend our name to somebody else's page."""
    assert safe_path(path) == "/"


@pytest.mark.parametrize("letter", ["a", "ä", "\U0001f600"])
def test_path_that_no_cookie_can_hold_becomes_the_front_page(letter: str) -> None:
    """A path fits into the session's cookie, in which a letter may take twelve bytes."""
    longest = max(number for number in range(LONGEST_PATH) if safe_path("/" + letter * number) != "/")

    assert safe_path("/" + letter * (longest + 1)) == "/"
    assert longest * len(letter.encode()) < LONGEST_PATH


def test_the_way_back_survives_its_own_query() -> None:
    """A filter with several parameters stays one parameter of the sign-in."""
    assert sign_in_path("/files?state=failed&name=a b") == "/auth/sign-in?next=%2Ffiles%3Fstate%3Dfailed%26name%3Da%20b"
