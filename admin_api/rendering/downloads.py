"""The header that names a download. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


def content_disposition(name: str) -> str:
    """Name a download: whole for browsers of today, and in ASCII for all others (RFC 6266).

    Starlette's ``FileResponse`` does this for files on disk only, and without the name in ASCII.
    """
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    plain = (_UNSAFE.sub("-", stem).strip("-.") or "download") + dot + _UNSAFE.sub("-", suffix)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
