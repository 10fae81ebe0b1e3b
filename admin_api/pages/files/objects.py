"""A file's objects, their places and sizes, and presigned URLs to download them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from admin_api.pages.parts import PagePart, start_part
from admin_api.rendering.downloads import content_disposition, media_type
from processor.domain.errors import ObjectGoneError
from processor.domain.file_states import FileState
from processor.domain.object_keys import ARCHIVE, FAILED, INBOX, PROCESSED, ObjectVersion, comparison_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry
    from processor.storage.objects import ObjectFacts, Objects

VALID_FOR_S = 60
_PLACES = {
    INBOX: "inbox, not settled yet",
    ARCHIVE: "archive",
    FAILED: "needs attention",
    PROCESSED: "for programs and analytics",
}


class ObjectKind(StrEnum):
    """The kinds of object that a file may have."""

    ORIGINAL = "original"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    COMPARISON = "comparison"


_TITLES = {
    ObjectKind.ORIGINAL: "The original, untouched",
    ObjectKind.ACCEPTED: "Accepted rows, enriched",
    ObjectKind.REJECTED: "Rejected rows, with reasons",
    ObjectKind.COMPARISON: "Comparison with earlier files",
}


@dataclass(frozen=True, slots=True)
class FileObject:
    """One object of a file."""

    kind: ObjectKind
    title: str
    version: ObjectVersion
    place: str
    facts: PagePart[ObjectFacts | None]
    """Its facts; neither a value nor a problem means that the object no longer exists."""


def version_of(entry: FileEntry, kind: ObjectKind) -> ObjectVersion | None:
    """Return the version of a file's object; None if the file has no such object."""
    if kind is ObjectKind.ORIGINAL:
        return entry.original
    keys = {
        ObjectKind.ACCEPTED: entry.accepted_key,
        ObjectKind.REJECTED: entry.rejected_key,
        ObjectKind.COMPARISON: _comparison_key(entry),
    }
    return ObjectVersion(entry.bucket, keys[kind]) if keys[kind] else None


def _comparison_key(entry: FileEntry) -> str:
    """Return the key of what a file that is or was held was compared with; "" of any other."""
    if not entry.same_orders:
        return ""
    key = comparison_key(entry.base, entry.file_id, entry.name)
    return ARCHIVE + key.removeprefix(FAILED) if entry.state is FileState.DISMISSED else key


def objects_of(console: Console, entry: FileEntry) -> tuple[FileObject, ...]:
    """List a file's objects with their facts, asking for all at the same time."""
    versions = {kind: version for kind in ObjectKind if (version := version_of(entry, kind))}
    objects = console.objects
    calls: dict[ObjectKind, Future[PagePart[ObjectFacts | None]]] = {
        kind: start_part("S3", _facts(objects, version)) for kind, version in versions.items()
    }
    return tuple(
        FileObject(kind, _TITLES[kind], version, _place(version.key), calls[kind].result())
        for kind, version in versions.items()
    )


def download_url(console: Console, version: ObjectVersion) -> str:
    """Presign a URL that downloads the object under its own name, valid for :data:`VALID_FOR_S` seconds."""
    request = {
        "Bucket": version.bucket,
        "Key": version.key,
        "ResponseContentDisposition": content_disposition(version.name),
        "ResponseContentType": media_type(version.name),
    }
    if version.version_id:
        request["VersionId"] = version.version_id
    return str(console.s3.generate_presigned_url("get_object", Params=request, ExpiresIn=VALID_FOR_S))


def _facts(objects: Objects, version: ObjectVersion) -> Callable[[], ObjectFacts | None]:
    def read() -> ObjectFacts | None:
        try:
            return objects.read_facts(version)
        except ObjectGoneError:
            return None

    return read


def _place(key: str) -> str:
    return next((words for prefix, words in _PLACES.items() if key.startswith(prefix)), "")
