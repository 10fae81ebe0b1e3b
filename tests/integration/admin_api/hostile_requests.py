"""Requests that nobody should send: hostile values in every path, parameter, header, cookie and body of a route."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes

from fastapi.dependencies.utils import get_flat_params
from hypothesis import strategies as st
from pydantic import BaseModel

from admin_api.app import PAGES, load_pages
from admin_api.web.sessions import SESSION_COOKIE
from tests.integration.admin_api.console import sign_session

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI

SCRIPT = "<script>alert(1)</script>"
IMAGE = "\"'><img src=x onerror=alert(1)>"


def _cursor(*parts: object) -> str:
    """Pack anything as a cursor is packed."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


LATE, EARLY = "9999-12-31T23:59:59.999999-12:00", "0001-01-01T00:00:00+12:00"
CURSORS = [
    _cursor("older", LATE, "x", "1"),
    _cursor("newer", EARLY, "x", "1"),
    _cursor("older", "2026-11-25T18:00:00.000000Z", "", ""),
    _cursor("older", "2026-11-25T18:00:00.000000Z", "0" * 24, "file"),
    _cursor("newer", "\ud800", "\ud800", "\ud800"),
    _cursor("older", "x" * 1_200, "x", "x"),
    _cursor("older", "x"),
    _cursor("older", "0", "0", "\u0663"),
    _cursor("older", "2026-11-25T18:00:00.000000Z", "x", "9" * 12),
    "[" * 2_000,
]
CORPUS = [
    *("", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\u202e\u200b\ufeff", "\u0663", "\uff11", "\x7f", "\U0010ffff"),
    *("0", "-1", "1e309", "NaN", "true", "9" * 30, "9" * 5_000, "1_0", "0x10", "null", "None"),
    *(LATE, EARLY, "0999-01-01T00:00:00Z", "2026-11-25T18:00:00Z", "2026-02-30T00:00:00Z", "2026-11-25", "-1e20"),
    *("x" * 64, "x" * 65, "x" * 3_000, "ä" * 200, "[" * 1_000, "{" * 1_000, "(" * 500 + "a" * 500, "%", "%00", "%ff"),
    *("/", "//", "..", "../../etc/passwd", "..%2f..%2f", "/\\evil.example", "//evil.example", "https://evil.example"),
    *("http://[", "//[", "javascript:alert(1)", "\r\nX-Injected: 1", "a\r\n\r\nb", "X\u2028Y", "/" + "x" * 1_499),
    *(SCRIPT, IMAGE, "{{7*7}}", "${7*7}", "=1+1", "x;=1+1", "' OR 1=1 --"),
    *("raw-data/", "raw-data/\0", "raw-data/" + SCRIPT),
    *("20261125T184400Z-0123abcd", "1-ffffffff-000000000000000000000000", "Root=1-00000000-000000000000000000000000"),
    *CURSORS,
]
WORST = ("", "\0", LATE, EARLY, "9" * 5_000, CURSORS[4], SCRIPT)
_UNSEEN = st.text(st.characters(categories=["Cs", "Cc", "Cf", "Zl"]), max_size=6)
TEXTS = st.sampled_from(CORPUS) | st.text(max_size=40) | _UNSEEN
HEADERS: Mapping[str, Sequence[str]] = {
    "HX-Request": ("true", ""),
    "HX-Request-Type": ("partial", "full", "\0"),
    "HX-Current-URL": (),
    "Authorization": ("Bearer x", "Bearer ", "Bearer a.b.c", "Basic eDp4", "Bearer eyJhbGciOiJub25lIn0.e30."),
    "Accept-Encoding": ("gzip", "gzip;q=0", "*"),
    "If-None-Match": ("*", 'W/"x"'),
    "Origin": ("null", "https://evil.example"),
    "Host": ("[", "[::1", "evil.example", "a b"),
    "X-Forwarded-Proto": ("javascript",),
    "X-Forwarded-Host": ("evil.example",),
    "X-HTTP-Method-Override": ("DELETE",),
    "Range": ("bytes=0-1",),
}
COOKIES = ("waybill_zone", "waybill_clock", "waybill_theme", "other")
_SHAPES: tuple[object, ...] = (None, [], {"user": {}}, {"id": 1, "user": [], "until": "x"}, {"next": [1]})
SESSIONS = [f"{SESSION_COOKIE}={sign_session(values)}" for values in _SHAPES]
CONTENT_TYPES = (
    *("application/x-www-form-urlencoded", "application/json", "text/plain", "", "multipart/form-data"),
    *("multipart/form-data; boundary=x; charset=utf-7", "multipart/form-data; boundary=x; charset=none"),
)


@dataclass(frozen=True)
class Target:
    """One route and method, with the names of what it takes."""

    method: str
    path: str
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]
    in_body: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether it is for everybody."""
        return self.path.startswith(("/auth/", "/static/")) or self.path in {"/healthz", "/robots.txt"}


@dataclass(frozen=True)
class HostileRequest:
    """A request, as bytes where the values are."""

    method: str
    url: str
    session: str
    """The session's cookie, or what stands in its place."""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content: bytes = b""


def list_targets(app: FastAPI) -> list[Target]:
    """List all routes of the application's own table, with what each takes."""
    load_pages(app, *PAGES)
    contexts: list[Any] = [
        context
        for route in app.routes
        for context in (route.effective_route_contexts() if hasattr(route, "effective_route_contexts") else [route])
    ]
    return [_target(context, method) for context in contexts for method in sorted(context.methods - {"HEAD"})]


def _target(context: Any, method: str) -> Target:
    dependant = getattr(context, "dependant", None)
    if dependant is None:  # The OpenAPI document's.
        return Target(method, context.path, (), (), ())
    names = [each.alias for each in get_flat_params(dependant)]
    in_path = tuple(name for name in names if f"{{{name}" in context.path)
    body: list[str] = []
    for each in dependant.body_params:
        model = each.field_info.annotation
        is_model = isinstance(model, type) and issubclass(model, BaseModel)
        body += model.model_fields if is_model else [each.alias]
    return Target(method, context.path, in_path, tuple(name for name in names if name not in in_path), tuple(body))


def requests_to(target: Target, known: Mapping[str, Sequence[str]], cookie: str) -> st.SearchStrategy[HostileRequest]:
    """Draw requests of one route, most of them with the cookie of a session.

    ``known`` are values that exist, which lead beyond the first check.
    """

    def value_of(name: str) -> st.SearchStrategy[str]:
        good = known.get(name)
        return st.sampled_from(good) | st.sampled_from(good) | TEXTS if good else TEXTS

    def values_of(names: Sequence[str]) -> st.SearchStrategy[list[tuple[str, str]]]:
        each = [st.lists(st.tuples(st.just(name), value_of(name)), max_size=2) for name in names]
        return st.tuples(*each).map(lambda lists: [pair for pairs in lists for pair in pairs])

    path = st.fixed_dictionaries({name: value_of(name) for name in target.in_path})
    headers = st.lists(
        st.sampled_from(sorted(HEADERS)).flatmap(
            lambda name: st.tuples(st.just(name), st.sampled_from([*HEADERS[name], *CORPUS]))
        ),
        max_size=2,
        unique_by=lambda pair: pair[0],
    )
    cookies = st.lists(st.tuples(st.sampled_from(COOKIES), TEXTS), max_size=2)
    session = st.sampled_from([*[cookie] * 9 * len(SESSIONS), *SESSIONS])
    body = st.tuples(st.sampled_from(CONTENT_TYPES), values_of(target.in_body), st.booleans(), TEXTS)
    if target.method == "GET":
        body = st.just(("", [], False, ""))
    return st.builds(_build, st.just(target), path, values_of(target.in_query), headers, cookies, session, body)


def url_of(target: Target, values: Mapping[str, str]) -> str:
    """Write the values of a path and a query into the address of a route."""
    path = target.path
    for name in target.in_path:
        value = _quoted(values[name])
        path = path.replace(f"{{{name}:path}}", value).replace(f"{{{name}}}", value)
    query = [(name, value) for name, value in values.items() if name not in target.in_path]
    return path + ("?" + _form(query) if query else "")


def _build(
    target: Target, path: Any, query: Any, headers: Any, cookies: Any, session: str, body: Any
) -> HostileRequest:
    url = url_of(target, path) + ("?" + _form(query) if query else "")
    sent = [(name.encode(), header_value(value)) for name, value in headers]
    jar = [f"{name}=".encode() + header_value(value).replace(b";", b"") for name, value in cookies]
    if session:
        jar.append(session.encode())
    if jar:
        sent.append((b"Cookie", b"; ".join(jar)))
    kind, fields, is_usual, text = body
    content, kind = _body(target, "" if is_usual else kind, fields, text)
    if content:
        sent.append((b"Content-Type", header_value(kind)))
    return HostileRequest(target.method, url, session, sent, content)


def _body(target: Target, kind: str, fields: list[tuple[str, str]], text: str) -> tuple[bytes, str]:
    """Write the fields as the content type has them; without one as the route wants them."""
    if target.method == "GET":
        return b"", ""
    if not kind:
        kind = "application/json" if target.path.startswith("/api/") else "application/x-www-form-urlencoded"
    if "json" in kind:
        values: dict[str, Any] = {}
        for name, value in fields:
            values[name] = [*values.get(name, []), value] if name in {"file_ids", "message_ids"} else value
        return (json.dumps(values).encode() if fields else _bytes(text)) or b"{", kind
    if "multipart" in kind:
        part = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n+2AA-%b\r\n'
        return b"".join(part % (name.encode(), _bytes(value)) for name, value in fields) + b"--x--\r\n", kind
    return (_form(fields).encode() if fields else _bytes(text)) or b"&", kind


def _form(fields: list[tuple[str, str]]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in fields)


def _quoted(text: str) -> str:
    return quote_from_bytes(_bytes(text), safe="")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def header_value(text: str) -> bytes:
    """Encode a header's value; servers let no line break and no NUL through to an application."""
    return _bytes(text).translate(None, b"\r\n\0")
