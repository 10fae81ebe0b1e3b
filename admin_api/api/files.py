"""Files for scripts: lists, a file's story, and actions on files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, BaseModel, Field

from admin_api.actions.available import AVAILABLE_ACTIONS
from admin_api.actions.begin import ActionRequest
from admin_api.actions.files import story_or_404
from admin_api.actions.perform import act_on_file, act_on_many
from admin_api.actions.resume import action_or_404
from admin_api.api.file_models import AuditOut, FileOut, FilesOut, FileStoryOut, RunOut
from admin_api.api.models import ActionOut, problems
from admin_api.web.auth import Operator
from admin_api.web.errors import InvalidError
from admin_api.web.users import User
from admin_api.wiring.services import ConsoleDep
from processor.domain.actions import ACTION_ID, ActionKind, new_action_id
from processor.domain.cursors import CursorError
from processor.domain.entries import from_iso, to_iso
from processor.domain.file_states import FileState
from processor.ledger.file_list import FileFilter

router = APIRouter(prefix="/api", tags=["Files"])

REQUEST_ID = f"^(|{ACTION_ID})$"

FILE_ID = "^[0-9a-f]{24}$"

_MOMENT = r"^(|2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z)$"


def _normalise_moment(text: str) -> str:
    """Write a moment as the ledger does; raises ValueError for an impossible date."""
    return to_iso(from_iso(text)) if text else ""


Moment = Annotated[str, Field(pattern=_MOMENT, examples=["2026-11-25T18:00:00Z"]), AfterValidator(_normalise_moment)]
FileId = Annotated[str, Path(pattern=FILE_ID, examples=["3887c2b429aa1757c46a1075"])]


class FileListParameters(BaseModel):
    """The filter of a list; an absent parameter filters nothing."""

    state: FileState | None = None
    since: Moment = ""
    until: Moment = ""
    name: str = Field(default="", max_length=200, description="Part of the object key.")
    cause: str = Field(default="", max_length=100)
    rejected: bool = Field(default=False, description="Only files with rejected rows.")
    cursor: str = Field(default="", max_length=2000, description="`older` or `newer` of another page.")
    limit: int = Field(default=50, ge=1, le=100)


class _ActionIn(BaseModel):
    """What an action on one file and on several have in common."""

    kind: str
    reason: str = Field(default="", max_length=500, description="Required to dismiss or void.")
    action_id: str = Field(
        default="",
        pattern=REQUEST_ID,
        description="Your own id of this request, such as 20261125T184400Z-0123abcd: sent twice, it is done once.",
    )

    def to_action_request(self, user: User, now: datetime) -> ActionRequest:
        """Return the action as a user's request; raises :class:`InvalidError` without a required reason."""
        kind, reason = ActionKind(self.kind), self.reason.strip()
        if AVAILABLE_ACTIONS[kind].asks_reason and not reason:
            raise InvalidError(f"A reason is required to {kind} files.", "Give it in `reason`.")
        return ActionRequest(user, kind, self.action_id or new_action_id(now), reason)


class FileActionIn(_ActionIn):
    """An action on one file."""

    kind: Literal["reprocess", "process_anyway", "store", "replace", "void", "dismiss", "verify"]


class FilesActionIn(_ActionIn):
    """An action on several files; to replace and to void are decided file by file."""

    kind: Literal["reprocess", "process_anyway", "store", "dismiss", "verify"]
    file_ids: list[Annotated[str, Field(pattern=FILE_ID)]] = Field(min_length=1, max_length=1_000)


@router.get("/files", responses=problems())
def list_files(query: Annotated[FileListParameters, Query()], console: ConsoleDep) -> FilesOut:
    """List files, the newest first. If `searched_to` is set, the search ended there: go on with `older`."""
    file_filter = FileFilter(**query.model_dump(exclude={"cursor", "limit"}))
    try:
        page = console.files.list_files(file_filter, cursor=query.cursor, limit=query.limit)
    except CursorError as error:
        raise InvalidError(str(error)) from error
    files = [FileOut.of(entry) for entry in page.files]
    return FilesOut(files=files, older=page.older, newer=page.newer, searched_to=page.searched_to)


@router.get("/files/{file_id}", responses=problems(404))
def read_file(file_id: FileId, console: ConsoleDep) -> FileStoryOut:
    """Read a file's whole story: its state, its runs and the actions on it, the oldest first, and its newest audit."""
    story = story_or_404(console, file_id)
    return FileStoryOut(
        file=FileOut.of(story.entry),
        runs=[RunOut.model_validate(run) for run in story.runs],
        actions=[ActionOut.of(action, console.now()) for action in story.actions],
        audit=AuditOut.model_validate(story.audit) if story.audit else None,
    )


@router.post(
    "/files/{file_id}/actions", responses=problems(404, 409), operation_id="act_api_files__file_id__actions_post"
)
def act_on_one_file(file_id: FileId, body: FileActionIn, console: ConsoleDep, user: Operator) -> ActionOut:
    """Act on a file, as far as its state allows.

    `reprocess` runs it again. `store` and `replace` decide about a held file: its orders are stored beside the same
    orders of earlier files, or in their place. `process_anyway` stores a duplicate. `void` takes back everything that
    the file has stored. `dismiss` says that it needs nothing more. `verify` compares its books.

    To void and to verify take a while: follow the action at `/api/actions/{action_id}`, then read the file again.
    """
    action = act_on_file(console, body.to_action_request(user, console.now()), file_id)
    return ActionOut.of(action, console.now())


@router.post(
    "/files/actions",
    status_code=202,
    responses=problems(409),
    operation_id="act_on_several_api_files_actions_post",
)
def act_on_several_files(body: FilesActionIn, console: ConsoleDep, user: Operator) -> ActionOut:
    """Begin an action on several files; follow the progress at `/api/actions/{action_id}`."""
    ids = list(dict.fromkeys(body.file_ids))
    action_request = body.to_action_request(user, console.now())
    subject = f"{len(ids):,} chosen file{'s' * (len(ids) != 1)}"
    selection = {"file_ids": ids}
    act_on_many(console, action_request, selection=selection, subject=subject, expected=len(ids), asked_for=sorted(ids))
    return ActionOut.of(action_or_404(console, action_request.action_id), console.now())
