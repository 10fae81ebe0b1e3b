"""The upload page: files go from the browser straight to S3, and the page shows their progress until they are settled.

With JavaScript, each file has its own presigned POST from ``/api/uploads``; without, a plain form sends one file to S3,
which leads the browser back here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from admin_api.actions.uploads import has_come, record_form_upload
from admin_api.pages.files.explanation import Explanation, explain_state
from admin_api.pages.files.others import read_others
from admin_api.pages.files.progress import Progress, progress_of
from admin_api.rendering.views import page
from admin_api.web.auth import Operator, Viewer
from admin_api.web.errors import InvalidError
from admin_api.web.security import content_security_policy
from admin_api.web.users import User
from admin_api.wiring.services import Console, ConsoleDep
from processor.domain.columns import COLUMNS, Column
from processor.domain.entries import FileEntry, to_iso
from processor.domain.file_states import AT_REST, FileState
from processor.domain.object_keys import INBOX, ObjectVersion, file_id
from processor.ledger.file_list import FileFilter, FileStory
from processor.storage.presigned_posts import (
    ENCODING_FIELD,
    EXPIRES_S,
    ROWS_FIELD,
    ROWS_PATTERN,
    TOTAL_FIELD,
    TOTAL_PATTERN,
    PresignedUpload,
    new_folder,
    presign_form,
)

if TYPE_CHECKING:
    from datetime import datetime

router = APIRouter(prefix="/upload", include_in_schema=False)

ENCODINGS = (
    ("", "default encoding"),
    ("utf-8", "UTF-8, with or without BOM"),
    ("cp1252", "Windows-1252 (older Excel)"),
)
"""The default is a setting of the stack."""
LATE_AFTER = timedelta(seconds=30)
"""A file without a run after this time is late."""

_EXPLAINED = frozenset({FileState.HELD, FileState.DUPLICATE, FileState.QUEUED})

Key = Annotated[str, Query(pattern=f"^{INBOX}", max_length=1024)]
Version = Annotated[str, Query(max_length=1024)]


class AnnouncedField(NamedTuple):
    """A field in which a person types what the sender announced of a file."""

    id: str
    name: str
    label: str
    pattern: str
    placeholder: str
    hint: str


@dataclass(frozen=True, slots=True)
class UploadPage:
    """The page; ``form`` is for browsers without JavaScript, None for viewers."""

    form: PresignedUpload | None
    max_bytes: int
    bucket: str
    console_url: str
    region: str
    scripts_client_id: str
    columns: tuple[Column, ...] = COLUMNS
    encodings: tuple[tuple[str, str], ...] = ENCODINGS
    encoding_field: str = ENCODING_FIELD
    announced_fields: tuple[AnnouncedField, ...] = (
        AnnouncedField("rows", ROWS_FIELD, "Rows", ROWS_PATTERN, "1000", "A whole number, such as 1000"),
        AnnouncedField(
            "total", TOTAL_FIELD, "Total", TOTAL_PATTERN, "12345.60", "A number with a point, such as 12345.60"
        ),
    )
    expires_minutes: int = EXPIRES_S // 60


@dataclass(frozen=True, slots=True)
class UploadProgress:
    """One upload, and its file's entry once the ledger has one."""

    key: str
    version: str
    since: datetime
    """The moment at which its progress was first asked for."""
    entry: FileEntry | None
    progress: Progress | None
    explanation: Explanation | None
    """Why it is held or waits."""
    now: datetime

    @property
    def name(self) -> str:
        """The file's name."""
        return self.key.rpartition("/")[2]

    @property
    def at_rest(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.entry is not None and self.entry.state in AT_REST

    @property
    def is_late(self) -> bool:
        """Whether it has waited too long for a run."""
        return self.entry is None and self.now - self.since > LATE_AFTER

    @property
    def address(self) -> str:
        """The address for updates."""
        query = {"key": self.key, "version": self.version, "since": self.since.isoformat()}
        return f"/upload/progress?{urlencode(query)}"


@router.get("")
def show_upload_form(request: Request, user: Viewer, console: ConsoleDep) -> Response:
    """Show the upload form."""
    config = console.config
    context = UploadPage(
        form=_form(console, user) if user.may_act else None,
        max_bytes=config.max_file_bytes,
        bucket=config.bucket_name,
        console_url=config.console_url,
        region=console.region,
        scripts_client_id=config.scripts_client_id,
    )
    response = page(request, "upload/index.html", context)
    response.headers["Content-Security-Policy"] = content_security_policy(console.bucket_origin)
    return response


@router.get("/progress")
def show_upload_progress(
    request: Request, _: Viewer, console: ConsoleDep, key: Key, version: Version = "", since: str = ""
) -> Response:
    """Show one upload's progress, which the page polls."""
    context = read_upload_progress(console, key, version, _first_look(since, console.now()))
    return page(request, "upload/progress.html", context, partial="upload/_progress.html")


@router.get("/received/{token}")
def show_received_upload(request: Request, user: Operator, console: ConsoleDep, token: str, key: Key) -> Response:
    """Receive the browser that S3 sends back after the plain form, and record the upload once."""
    try:
        form, made_at = _tokens(console).loads(token, max_age=2 * EXPIRES_S, return_timestamp=True)
    except BadSignature as error:
        raise InvalidError("This address does not come from the upload form.", "Find the file under Files.") from error
    if not form.get("folder") or not key.startswith(form["folder"]):
        raise InvalidError("This form did not upload such a file.", "Find the file under Files.")
    context = read_upload_progress(console, key, "", console.now())
    # Anybody can make up the address's end: an upload is recorded only if there is one.
    if form["who"] == user.subject and (context.entry or has_come(console, key)):
        record_form_upload(console, user, made_at, key)
    return page(request, "upload/progress.html", context)


def read_upload_progress(console: Console, key: str, version: str, since: datetime) -> UploadProgress:
    """Find an upload's file by its version, if that is known, or else the newest file of its key."""
    bucket, now = console.config.bucket_name, console.now()
    if version:
        entry = console.ledger.read_file(file_id(ObjectVersion(bucket, key, version)))
    else:
        file_filter = FileFilter(name=key.removeprefix(INBOX), since=to_iso(since - timedelta(hours=1)))
        entry = next((each for each in console.files.list_files(file_filter).files if each.object_key == key), None)
    progress = progress_of(entry, now) if entry and entry.state is FileState.PROCESSING else None
    explanation = _explain(console, entry, now) if entry and entry.state in _EXPLAINED else None
    return UploadProgress(key, version, since, entry, progress, explanation, now)


def _explain(console: Console, entry: FileEntry, now: datetime) -> Explanation | None:
    return explain_state(FileStory(entry, (), ()), now, others=read_others(console, entry))


def _form(console: Console, user: User) -> PresignedUpload:
    folder = new_folder()
    token = _tokens(console).dumps({"folder": folder, "who": user.subject})
    return presign_form(
        console.s3,
        console.config.bucket_name,
        max_bytes=console.config.max_file_bytes,
        return_to=f"{console.config.console_url}/upload/received/{token}",
        folder=folder,
        uploaded_by=user.email,
    )


def _tokens(console: Console) -> URLSafeTimedSerializer:
    """Sign the form's way back, so that a link from elsewhere cannot record an upload."""
    return URLSafeTimedSerializer(console.session_key, salt="upload")


def _first_look(text: str, now: datetime) -> datetime:
    """Read the moment of the first look; anything but a moment of the last day becomes now."""
    try:
        moment = type(now).fromisoformat(text)
    except ValueError:
        return now
    return moment if moment.tzinfo and timedelta(0) <= now - moment < timedelta(days=1) else now
