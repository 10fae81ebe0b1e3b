"""Sessions end by age, by idleness, by signing out and with the account, and anything else than a session is none."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from admin_api.web.sessions import (
    IDLE_S,
    LONGEST_S,
    EndedSessions,
    keep_session_only,
    open_session,
    read_session,
)
from admin_api.web.users import ASK_AGAIN_S, User

ADA = User("subject", "ada@example.com", ("operators",), "ada")


class Items(dict[tuple[str, str], dict[str, Any]]):
    """A table in memory."""

    def get_item(self, file_id: str, entry: str) -> dict[str, Any]:
        """Read one item."""
        return self.get((file_id, entry), {})

    def put_item(self, item: dict[str, Any]) -> None:
        """Write one item."""
        self[item["file_id"], item["entry"]] = item


class Visit:
    """A browser's session, and what comes of using it some time later."""

    def __init__(self, user: User = ADA) -> None:
        self.values: dict[str, Any] = {}
        open_session(self.values, user)
        self.items = Items()
        self.ended = EndedSessions(self.items)
        self.renewed: list[User] = []
        self.account: User | None = user

    def user(self, seconds: float = 0, *, prolong: bool = True) -> User | None:
        """Return the session's user so many seconds from now."""
        now = time.time() + seconds
        return read_session(
            self.values,
            has_ended=self.ended.contains,
            renew=lambda user: self._renew(user, now),
            prolong=prolong,
            now=lambda: now,
        )

    def _renew(self, user: User, now: float) -> User | None:
        self.renewed.append(user)
        return replace(self.account, known_at=int(now)) if self.account else None


def test_session_remembers_who_opened_it() -> None:
    """A user survives the session cookie unchanged, and nothing of an earlier session does."""
    visit = Visit()
    first_id = visit.values["id"]
    visit.values["left"] = "over"

    open_session(visit.values, ADA)

    assert visit.user() == ADA
    assert "left" not in visit.values
    assert visit.values["id"] != first_id


def test_session_ends_after_its_longest_time_however_busy() -> None:
    """A session that is used every half hour ends with the working day."""
    visit = Visit()

    used = [visit.user(seconds) for seconds in range(0, LONGEST_S + 1, IDLE_S // 2)]
    after = visit.user(LONGEST_S + 2)

    assert used == [ADA] * len(used)
    assert after is None


def test_page_that_refreshes_itself_does_not_prolong_a_session() -> None:
    """An idle session ends although a tab of it polls, and one in use goes on."""
    polled, used = Visit(), Visit()

    for seconds in range(0, IDLE_S, 60):
        polled.user(seconds, prolong=False)
        used.user(seconds)

    assert polled.user(IDLE_S + 2, prolong=False) is None
    assert used.user(IDLE_S + 2) == ADA


def test_session_that_was_ended_opens_nothing() -> None:
    """A copy of the cookie is refused from the moment of signing out, until the session would have ended anyway."""
    visit, other = Visit(), Visit()
    other.ended = visit.ended

    visit.ended.add(visit.values)

    assert visit.user() is None
    assert other.user() == ADA
    (item,) = visit.items.values()
    assert item["expires_at"] == visit.values["until"]


def test_account_is_asked_for_again_every_few_minutes() -> None:
    """What the session knows of the account is believed for five minutes, polls or not."""
    visit = Visit()

    for seconds in (0, ASK_AGAIN_S - 5):
        visit.user(seconds)
    young = list(visit.renewed)
    visit.user(ASK_AGAIN_S + 1, prolong=False)

    assert young == []
    assert visit.renewed == [ADA]


def test_session_ends_with_its_account() -> None:
    """A deleted account is out within five minutes."""
    visit = Visit()
    visit.account = None

    assert visit.user(ASK_AGAIN_S + 1) is None


def test_groups_of_now_count() -> None:
    """Who has left a group may no longer do what it allows, and the cookie says so, too."""
    visit = Visit()
    visit.account = replace(ADA, groups=("viewers", "others"))

    renewed = visit.user(ASK_AGAIN_S + 1)

    assert renewed is not None
    assert not renewed.may_act
    assert visit.values["user"]["groups"] == ["viewers"]


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": ""},
        {"user": None},
        {"user": []},
        {"user": {"subject": "x"}},
        {"user": {"subject": 1, "email": "", "groups": [], "username": "", "known_at": 1}},
        {"user": {"subject": "", "email": "", "groups": [[]], "username": "", "known_at": 1}},
        {"user": {"subject": "", "email": "", "groups": [], "username": "", "known_at": 1, "more": 1}},
        {"until": "tomorrow"},
        {"until": True},
        {"touched": None},
    ],
)
def test_values_of_another_shape_are_no_session(change: dict[str, Any]) -> None:
    """A cookie of an older or newer version of the console is signed out, not an error."""
    visit = Visit()

    visit.values.update(change)

    assert visit.user() is None
    visit.ended.add(visit.values)
    assert not visit.items


def test_sign_in_keeps_the_open_session_and_nothing_else() -> None:
    """What earlier sign-ins have left goes, or the cookie would outgrow what browsers keep."""
    visit = Visit()
    visit.values |= {"say": "Done.", "_state_cognito_1": {"data": {}}}

    keep_session_only(visit.values)

    assert visit.values.keys() == {"id", "user", "until", "touched"}
    assert visit.user() == ADA
