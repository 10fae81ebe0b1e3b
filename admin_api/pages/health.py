"""The health check, which anybody may call: whether the function starts and answers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def healthz() -> Response:
    """Answer ``ok``."""
    return PlainTextResponse("ok")


@router.get("/robots.txt")
def robots() -> Response:
    """Ask search engines to stay away."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")
