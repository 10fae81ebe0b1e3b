"""Security headers, the defence against forged requests, request ids and the request log.

Plain ASGI middleware: Starlette has none for response headers or forged requests, and its ``BaseHTTPMiddleware``
starts a task for each request. ``admin_api.web.auth`` says who is asking and what they may do.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
STATIC = "/static/"
API = "/api/"

_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def content_security_policy(*upload_origins: str) -> str:
    """Allow our own files, and uploads to these origins; no inline script or style, and nobody may frame a page.

    https://www.w3.org/TR/CSP3/
    """
    reached = " ".join(("'self'", *upload_origins))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src {reached}",
            f"form-action {reached}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def address_of(scope: Scope) -> str:
    """Return the path and query of a request, encoded for a URL. Not Starlette's URL, which reads the Host header."""
    query = scope["query_string"].decode("latin-1")
    return quote(scope["path"], safe="/:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def request_id(scope: Scope) -> str:
    """Return Lambda's id of this request, by which the log finds it."""
    return str(getattr(scope.get("aws.context"), "aws_request_id", "")) or "local"


class RequestGuard:
    """Adds the security headers, refuses unsafe requests from other sites, and logs every request.

    Browsers send with every request the site that caused it (https://www.w3.org/TR/fetch-metadata/); older ones at
    least the origin. Requests of the API with a bearer token are exempt: no browser adds one by itself, and elsewhere
    the session counts.
    """

    def __init__(self, app: ASGIApp, *, console_url: str) -> None:
        self._app = app
        self._origin = origin_of(console_url)
        self._policy = content_security_policy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, unless it is forged, and add the headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", self._policy)
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Request-Id"] = request_id(scope)
            await send(message)

        try:
            if self._is_forged(scope):
                refusal = "This request came from another site, so it was not carried out. Use the console's own page."
                await PlainTextResponse(refusal, 403)(scope, receive, send_guarded)
            else:
                await self._app(scope, receive, send_guarded)
        finally:
            if not scope["path"].startswith(STATIC):
                _log(scope, status, began)

    def _is_forged(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS:
            return False
        headers = Headers(scope=scope)
        if scope["path"].startswith(API) and headers.get("authorization", "").startswith("Bearer "):
            return False
        site = headers.get("sec-fetch-site")
        return site != "same-origin" if site else headers.get("origin") != self._origin


def origin_of(url: str) -> str:
    """Return the scheme, host and port of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _log(scope: Scope, status: int, began: float) -> None:
    route = getattr(scope.get("route"), "path", "")
    user = scope.get("state", {}).get("user")
    logger.info(
        "request_served",
        extra={
            "method": scope["method"],
            "route": route or "none",  # Not the path: it may hold what somebody searched for.
            "status": status,
            "duration_ms": round((time.perf_counter() - began) * 1000),
            "who": user.subject if user else "",
            "request": request_id(scope),
        },
    )
