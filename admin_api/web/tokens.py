"""Checks the ID tokens of scripts against the user pool's published keys.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from admin_api.web.errors import SignInAwayError
from admin_api.web.users import User
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

_KEYS_FRESH_S = 60
"""A token with an unknown key makes us fetch the keys again, but not more often than this."""
_KEYS_KEPT_S = 3600
"""A key that the pool withdraws is good for so long at most."""


def fetch_json(url: str) -> dict[str, Any]:
    """Get a JSON document from a URL of our own configuration."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310
        return dict(json.load(answer))


@dataclass
class TokenChecker:
    """Checks the user pool's tokens for one client; the document at ``discovery_url`` names the issuer and its keys."""

    discovery_url: str
    client_id: str
    fetch: Callable[[str], dict[str, Any]] = fetch_json
    now: Callable[[], float] = time.time
    _metadata: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _fetched: float = 0.0

    def user_of(self, token: str) -> User | None:
        """Return the token's user; None if its signature, issuer, audience, use or time is wrong.

        Raises :class:`SignInAwayError` where the pool's keys are needed and cannot be fetched.
        """
        if self.now() - self._fetched >= _KEYS_KEPT_S:
            self._keys = None
        try:
            decoded = self._decode(token)
            registry = jwt.JWTClaimsRegistry(
                now=int(self.now()),
                iss={"essential": True, "value": self._metadata["issuer"]},
                aud={"essential": True, "value": self.client_id},
                exp={"essential": True},
                token_use={"essential": True, "value": "id"},
            )
            registry.validate(decoded.claims)
            return User.from_claims(decoded.claims)
        except (JoseError, ValueError, KeyError):
            return None

    def _decode(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, self._key_set(), algorithms=["RS256"])
        except InvalidKeyIdError:
            if self.now() - self._fetched < _KEYS_FRESH_S:
                raise
            self._keys = None  # The pool may have rotated its keys.
            return jwt.decode(token, self._key_set(), algorithms=["RS256"])

    def _key_set(self) -> KeySet:
        if self._keys is None:
            try:
                self._metadata = self._metadata or self.fetch(self.discovery_url)
                self._keys = KeySet.import_key_set(self.fetch(self._metadata["jwks_uri"]))  # type: ignore[arg-type]
            except (OSError, JSONDecodeError) as error:
                logger.warning("pool_keys_missing", exc_info=error)
                raise SignInAwayError("Cognito does not answer, so no token can be checked.", "Try again.") from error
            self._fetched = self.now()
        return self._keys
