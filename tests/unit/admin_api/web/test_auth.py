"""Users, their sessions, and paths that lead out of the console."""

from __future__ import annotations

import time
from typing import Any

import pytest

from admin_api.web.auth import IDLE_S, LONGEST_S, User, open_session, safe_path, sign_in_path, user_of_session

ADA = User("subject", "ada@example.com", ("operators",))


def test_a_session_remembers_who_opened_it() -> None:
    """A user survives the session cookie unchanged."""
    session: dict[str, Any] = {"left": "over"}

    open_session(session, ADA)

    assert user_of_session(session) == ADA
    assert "left" not in session


def test_a_session_ends_after_its_longest_time_however_busy() -> None:
    """Leaving a group takes effect within a working day."""
    session: dict[str, Any] = {}
    open_session(session, ADA)
    session["until"] = int(time.time()) - 1

    assert user_of_session(session) is None
    assert IDLE_S < LONGEST_S


def test_using_a_session_prolongs_it() -> None:
    """The cookie is written again some minutes later, so that only an idle session ends."""
    session: dict[str, Any] = {}
    open_session(session, ADA)
    session["touched"] -= 301
    before = session["touched"]

    user_of_session(session)

    assert session["touched"] > before


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


def test_the_way_back_survives_its_own_query() -> None:
    """A filter with several parameters stays one parameter of the sign-in."""
    assert sign_in_path("/files?state=failed&name=a b") == "/auth/sign-in?next=%2Ffiles%3Fstate%3Dfailed%26name%3Da%20b"
