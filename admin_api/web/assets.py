"""The console's static files: bundled, named by a hash of their content, compressed once, cached for ever.

A file's URL holds the hash (``/static/3f1c0a9b7d52/app.css``), so a browser never asks twice for the same content, and
never shows old styles on a new page.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parents[1] / "static"

BUNDLES: Mapping[str, tuple[str, ...]] = {
    "app.css": (
        "css/tokens.css",
        "css/base.css",
        "css/base-controls.css",
        "css/frame.css",
        "css/frame-side.css",
        "css/frame-top.css",
        "css/frame-bare.css",
        "css/components/layout.css",
        "css/components/state.css",
        "css/components/id.css",
        "css/components/facts.css",
        "css/components/tabs.css",
        "css/components/forms.css",
        "css/components/messages.css",
        "css/components/confirm.css",
        "css/components/progress.css",
        "css/components/receipt.css",
        "css/components/timeline.css",
        "css/components/tables.css",
        "css/components/tables-folded.css",
        "css/components/list-bars.css",
        "css/components/charts.css",
        "css/pages/overview.css",
        "css/pages/metrics.css",
        "css/pages/run.css",
        "css/pages/trace-view.css",
        "css/pages/upload.css",
        "css/pages/files.css",
        "css/components/grouped-tables.css",
    ),
    "app.js": (
        "vendor/htmx.min.js",
        "js/announce.js",
        "js/preferences.js",
        "js/copy.js",
        "js/select-rows.js",
        "js/shortcuts.js",
        "js/panels.js",
        "js/chart-values.js",
        "js/polling.js",
    ),
    "uploads.js": ("js/upload.js",),
    "icons.svg": ("icons.svg",),
    "favicon.svg": ("favicon.svg",),
}
"""The served names, and the files that each is joined from.

As few as possible: after an idle time, each one requested at the same moment cold-starts a function.
"""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_DIGEST_LENGTH = 12


@dataclass(frozen=True)
class Asset:
    """One served file, compressed at its first request and kept so."""

    name: str
    body: bytes = field(repr=False)

    @cached_property
    def digest(self) -> str:
        """A hash of the bytes."""
        return hashlib.sha256(self.body).hexdigest()[:_DIGEST_LENGTH]

    @cached_property
    def zipped(self) -> bytes:
        """The bytes as gzip, without a time stamp, so that they are the same on every machine."""
        return gzip.compress(self.body, compresslevel=9, mtime=0)

    @property
    def path(self) -> str:
        """The path of its URL."""
        return f"/static/{self.digest}/{self.name}"

    @property
    def media_type(self) -> str:
        """The value of its Content-Type."""
        return _TYPES[Path(self.name).suffix]


@dataclass(frozen=True)
class Assets:
    """All static files of the console, by name."""

    by_name: Mapping[str, Asset]

    @classmethod
    def from_folder(cls, folder: Path = FOLDER, bundles: Mapping[str, tuple[str, ...]] = BUNDLES) -> Assets:
        """Join the bundles from the folder; raises FileNotFoundError at start-up rather than on a page."""
        joined = {name: b"\n".join((folder / part).read_bytes() for part in parts) for name, parts in bundles.items()}
        return cls({name: Asset(name, body) for name, body in joined.items()})

    def url(self, name: str) -> str:
        """Return the URL of a file; raises KeyError for an unknown name."""
        return self.by_name[name].path

    def find_asset(self, digest: str, name: str) -> Asset | None:
        """Find the file with that name and content."""
        asset = self.by_name.get(name)
        return asset if asset and asset.digest == digest else None


ASSETS = Assets.from_folder()


def asset(name: str) -> str:
    """Return the URL of a static file, for templates."""
    return ASSETS.url(name)


router = APIRouter(include_in_schema=False)


@router.api_route("/static/{digest}/{name}", methods=["GET", "HEAD"])
def static_file(request: Request, digest: str, name: str) -> Response:
    """Serve one file, compressed if the browser takes gzip; 304 if it has the file, 404 for any other name or hash.

    Starlette's ``StaticFiles`` serves files one by one as they lie on disk, and its ``GZipMiddleware`` would compress
    them at each request.
    """
    asset = ASSETS.find_asset(digest, name)
    if asset is None:
        return Response("There is no such file.", 404, {"Cache-Control": "no-store"}, "text/plain; charset=utf-8")
    tag = f'"{asset.digest}"'
    headers = {"Cache-Control": _FOR_EVER, "ETag": tag, "Vary": "Accept-Encoding"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = asset.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = asset.zipped
    headers["Content-Length"] = str(len(body))
    return Response(b"" if request.method == "HEAD" else body, headers=headers, media_type=asset.media_type)
