"""Only a token that the user pool signed for our scripts, that is an ID token and that is fresh, makes a user."""

from __future__ import annotations

from json import JSONDecodeError
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from admin_api.web.errors import SignInAwayError
from admin_api.web.tokens import TokenChecker
from admin_api.web.users import User

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_pool"
NOW = 1_800_000_000
CLAIMS = {
    "sub": "subject",
    "email": "script@example.com",
    "cognito:groups": ["operators"],
    "iss": ISSUER,
    "aud": "scripts",
    "exp": NOW + 60,
    "token_use": "id",
}


class Pool:
    """A user pool that publishes keys and signs with the newest."""

    def __init__(self) -> None:
        self.keys: list[RSAKey] = []
        self.fetched: list[str] = []
        self.change_key()

    def change_key(self) -> None:
        """Sign with a new key from now on."""
        self.keys.append(RSAKey.generate_key(2048, {"kid": f"key-{len(self.keys)}"}))

    def fetch(self, url: str) -> dict[str, Any]:
        """Answer for the discovery document and the keys."""
        self.fetched.append(url)
        if url == "discovery":
            return {"issuer": ISSUER, "jwks_uri": "keys"}
        return dict(KeySet(list(self.keys)).as_dict(private=False))

    def token(self, **changes: Any) -> str:
        """Sign a token; a change to None leaves the claim out."""
        claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": self.keys[-1].kid}, claims, self.keys[-1])


@pytest.fixture
def pool() -> Pool:
    """Provide a user pool."""
    return Pool()


def checker(pool: Pool, now: float = NOW) -> TokenChecker:
    """Check the pool's tokens at a fixed time."""
    return TokenChecker("discovery", "scripts", fetch=pool.fetch, now=lambda: now)


def test_a_good_token_is_its_user(pool: Pool) -> None:
    """Subject, address and groups come from the claims."""
    assert checker(pool).user_of(pool.token()) == User("subject", "script@example.com", ("operators",))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_other"},
        {"iss": None},
        {"aud": "browsers"},
        {"aud": None},
        {"exp": NOW - 1},
        {"exp": None},
        {"token_use": "access"},
        {"token_use": None},
        {"sub": None},
    ],
)
def test_a_token_for_something_else_is_nobodys(pool: Pool, changes: dict[str, Any]) -> None:
    """Another pool's, another client's, an old one, an access token: none of them signs anybody in."""
    assert checker(pool).user_of(pool.token(**changes)) is None


def test_a_token_that_somebody_else_signed_is_nobodys(pool: Pool) -> None:
    """The key's name alone proves nothing."""
    forger = Pool()

    assert checker(pool).user_of(forger.token()) is None


@pytest.mark.parametrize("token", ["", "a.b.c", "garbage", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_what_is_no_token_is_nobodys(pool: Pool, token: str) -> None:
    """Malformed text and the algorithm "none" are refused, and raise nothing."""
    assert checker(pool).user_of(token) is None


def test_keys_are_asked_for_once(pool: Pool) -> None:
    """A request does not wait for the user pool."""
    check = checker(pool)

    check.user_of(pool.token())
    check.user_of(pool.token())

    assert pool.fetched == ["discovery", "keys"]


def test_a_new_key_of_the_pool_is_found(pool: Pool) -> None:
    """Keys change; a token with an unknown one asks again, though not at every request."""
    time = [float(NOW)]
    check = TokenChecker("discovery", "scripts", fetch=pool.fetch, now=lambda: time[0])
    check.user_of(pool.token())
    pool.change_key()

    assert check.user_of(pool.token(exp=NOW + 900)) is None
    time[0] += 61
    assert check.user_of(pool.token(exp=NOW + 900)) is not None


def test_key_that_the_pool_withdraws_is_good_for_an_hour_at_most(pool: Pool) -> None:
    """A function that lives for days asks for the keys again, though no unknown one comes."""
    time = [float(NOW)]
    check = TokenChecker("discovery", "scripts", fetch=pool.fetch, now=lambda: time[0])
    token = pool.token(exp=NOW + 90_000)
    assert check.user_of(token) is not None
    pool.keys.clear()
    pool.change_key()

    time[0] += 3_601

    assert check.user_of(token) is None


@pytest.mark.parametrize("error", [OSError("no route"), TimeoutError(), JSONDecodeError("no JSON", "<html>", 0)])
def test_pool_that_does_not_answer_is_told_from_a_bad_token(error: Exception) -> None:
    """The caller may try again: nothing is said about the token."""

    def fail(_url: str) -> dict[str, Any]:
        raise error

    with pytest.raises(SignInAwayError, match="does not answer"):
        TokenChecker("discovery", "scripts", fetch=fail, now=lambda: NOW).user_of("a.b.c")
