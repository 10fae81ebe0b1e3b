"""Exception handlers: an error page for people, a problem document (RFC 9457) for scripts; never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from admin_api.web.errors import ConsoleError, InvalidError, RefusedError
from admin_api.web.security import API, request_id
from processor.domain.errors import IllegalTransitionError, LookupThrottledError
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_UNAVAILABLE = 503


def refuse(request: Request, status: int, title: str, what: str, advice: str = "") -> Response:
    """Respond that something was not done, why, and what to do instead."""
    reference = request_id(request.scope)
    if request.scope["path"].startswith(API):
        problem = {"title": title, "status": status, "detail": f"{what} {advice}".strip(), "request_id": reference}
        return JSONResponse(problem, status, media_type="application/problem+json")
    from admin_api.rendering.views import bare_page  # noqa: PLC0415  Scripts and static files need no templates.

    values = {"title": title, "what": what, "advice": advice, "status": status, "reference": reference}
    return bare_page(request, "errors/refused.html", values, status=status)


def _console_error(request: Request, error: Any) -> Response:
    refused: ConsoleError = error
    return refuse(request, refused.status, refused.title, refused.what, refused.advice)


def _illegal_transition(request: Request, error: Any) -> Response:
    what = f"{error} Somebody else or a run was faster."
    return refuse(request, 409, RefusedError.title, what, "Reload the file's page to see its state.")


def _http_exception(request: Request, error: Any) -> Response:
    refused: HTTPException = error
    if refused.status_code == 404:
        advice = "Check the address, or use the search."
        return refuse(request, 404, "Not found", f"There is nothing at {request.scope['path']!r:.200}.", advice)
    if refused.status_code == 405:
        what = f"{request.method} is not possible at {request.scope['path']!r:.200}."
        return refuse(request, 405, "Not possible here", what)
    return refuse(request, refused.status_code, InvalidError.title, str(refused.detail))


def _validation_error(request: Request, error: Any) -> Response:
    invalid: RequestValidationError = error
    wrong = [f"{'.'.join(map(str, each['loc'][1:])) or each['loc'][0]}: {each['msg']}" for each in invalid.errors()]
    return refuse(request, 422, InvalidError.title, "; ".join(wrong)[:500], "Correct it and send it again.")


def _aws_error(request: Request, error: Any) -> Response:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    what = getattr(error, "operation_name", "AWS")
    logger.error("aws_failed", extra={"error_type": code, "operation": what}, exc_info=error)
    return refuse(
        request,
        _UNAVAILABLE,
        "A request to AWS failed",
        f"{what} failed: {code}.",
        "Nothing is lost. Try again. If it keeps failing, look for the request id below in the console's log.",
    )


def _lookup_throttled(request: Request, error: Any) -> Response:
    return refuse(request, _UNAVAILABLE, "DynamoDB is busy", str(error))


HANDLERS: dict[Any, Callable[[Request, Any], Response]] = {
    ConsoleError: _console_error,
    IllegalTransitionError: _illegal_transition,
    LookupThrottledError: _lookup_throttled,
    HTTPException: _http_exception,
    RequestValidationError: _validation_error,
    ClientError: _aws_error,
    BotoCoreError: _aws_error,
}


def _internal_error(request: Request, error: Exception) -> Response:
    # Raised before the application, by the authentication.
    if isinstance(error, (ClientError, BotoCoreError)):
        return _aws_error(request, error)
    if isinstance(error, ConsoleError):
        return _console_error(request, error)
    logger.exception("request_failed", extra={"error_type": type(error).__name__})
    return refuse(
        request,
        500,
        "The console failed",
        "The request was not completed.",
        "Try again. If it keeps failing, look for the request id below in the console's log.",
    )


class ErrorBoundary:
    """Turns an error that nothing else has caught into an error page with a request id, and logs it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; respond with an error page if it fails before its response has started."""
        response_started = False

        async def send_and_note(message: Message) -> None:
            nonlocal response_started
            response_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as error:
            if response_started or scope["type"] != "http":
                logger.exception("request_failed", extra={"error_type": type(error).__name__})
                raise
            await _internal_error(Request(scope), error)(scope, receive, send)
