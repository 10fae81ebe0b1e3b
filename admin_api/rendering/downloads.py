"""The headers of a download: its name and its media type. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

from admin_api.rendering.invisible import INVISIBLE

_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
_SEPARATORS = re.compile(r"[/\\\t\r\n]+")


def content_disposition(name: str) -> str:
    """Name a download: whole for browsers of today, and in ASCII for all others (RFC 6266); nothing in it is invisible.

    Starlette's ``FileResponse`` does this for files on disk only, and without the name in ASCII.
    """
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    plain = (_UNSAFE.sub("-", stem).strip("-.") or "download") + dot + _UNSAFE.sub("-", suffix)
    whole = INVISIBLE.sub("-", _SEPARATORS.sub("-", name))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(whole, safe='')}"


def media_type(name: str) -> str:
    """Return the media type of an order file: never the uploader's, which a browser might render."""
    return "application/octet-stream" if name.lower().endswith(".gz") else "text/csv; charset=utf-8"
