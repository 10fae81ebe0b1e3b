"""Signing in and out with Cognito: the authorisation code flow with PKCE, through Authlib.

https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from admin_api.rendering.views import bare_page
from admin_api.web.auth import safe_path
from admin_api.web.errors import SignInAwayError, SignInFailedError
from admin_api.web.sessions import keep_session_only, open_session
from admin_api.web.users import User
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_api.wiring.services import Console

router = APIRouter(prefix="/auth", include_in_schema=False)

_NEXT = "next"
CALLBACK, SIGNED_OUT = "/auth/callback", "/auth/signed-out"


@functools.lru_cache(maxsize=4)
def _cognito(discovery_url: str, client_id: str) -> Any:
    # Its import takes half a second, and only a sign-in needs it.
    from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415

    return OAuth().register(
        "cognito",
        client_id=client_id,
        server_metadata_url=discovery_url,
        # A public client: PKCE stands in for a secret (RFC 7636).
        client_kwargs={"scope": "openid email", "code_challenge_method": "S256", "token_endpoint_auth_method": "none"},
    )


@contextlib.contextmanager
def _answering_cognito() -> Iterator[None]:
    """Turn a failed connection to Cognito into an error in words."""
    from httpx2 import HTTPError  # noqa: PLC0415

    try:
        yield
    except HTTPError as error:
        logger.warning("cognito_missing", exc_info=error)
        raise SignInAwayError("Cognito does not answer.", "Nothing is lost. Try again in a minute.") from error


def _client(request: Request) -> Any:
    console: Console = request.app.state.console
    return _cognito(console.discovery_url, console.config.client_id)


@router.get("/sign-in")
async def sign_in(request: Request, next: str = "/") -> Response:  # noqa: A002
    """Send the browser to Cognito's form, and keep the page it asked for.

    A session goes on until the new one opens: any site can lead a browser here.
    """
    console: Console = request.app.state.console
    keep_session_only(request.session)
    request.session[_NEXT] = safe_path(next)
    with _answering_cognito():
        answer: Response = await _client(request).authorize_redirect(request, console.config.console_url + CALLBACK)
    return answer


@router.get("/callback")
async def callback(request: Request) -> Response:
    """Receive Cognito's answer, check the ID token and open the session."""
    from authlib.integrations.base_client import OAuthError  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415

    console: Console = request.app.state.console
    back = safe_path(str(request.session.get(_NEXT, "/")))
    try:
        with _answering_cognito():
            token = await _client(request).authorize_access_token(request)
        user = User.from_claims(token["userinfo"])
    except (OAuthError, JoseError, KeyError, TypeError, AttributeError) as error:
        logger.warning("sign_in_failed", extra={"error_type": type(error).__name__})
        # An old link, a second tab or the back button: a second try works.
        raise SignInFailedError(
            "The sign-in was not completed, or its link had been used before.", "Sign in again."
        ) from error
    console.ended_sessions.add(request.session)
    open_session(request.session, user)
    logger.info("signed_in", extra={"who": user.subject})
    return RedirectResponse(back, 303)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session here, on the server too, then at Cognito."""
    console: Console = request.app.state.console
    console.ended_sessions.add(request.session)
    request.session.clear()
    try:
        with _answering_cognito():
            metadata = await _client(request).load_server_metadata()
    except SignInAwayError:
        return _without_traces(bare_page(request, "sign_in/signed_out.html", {}))
    # Cognito's own parameters; the endpoint is beside the one for signing in.
    # https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
    endpoint = str(metadata["authorization_endpoint"]).removesuffix("/oauth2/authorize") + "/logout"
    query = {"client_id": console.config.client_id, "logout_uri": console.config.console_url + SIGNED_OUT}
    response = bare_page(request, "sign_in/signing_out.html", {"address": f"{endpoint}?{urlencode(query)}"})
    # No redirect: the policy lets a form lead only to ourselves. The page leads on by its Refresh header.
    response.headers["Refresh"] = f"0; url={endpoint}?{urlencode(query)}"
    return _without_traces(response)


def _without_traces(response: Response) -> Response:
    """Let the browser drop what it keeps of us. Not "cookies", which would reach all sites of the company's domain."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@router.get("/signed-out")
def signed_out(request: Request) -> Response:
    """Confirm the sign-out."""
    return bare_page(request, "sign_in/signed_out.html", {})
