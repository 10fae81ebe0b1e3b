"""Uploads: the presigned POST of one file, and its entry in the activity: permission given, then done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.actions import ActionEntry, ActionKind, ActionState, derived_action_id, new_action_id
from processor.domain.entries import to_iso
from processor.domain.errors import ObjectGoneError
from processor.domain.object_keys import ObjectVersion
from processor.storage.presigned_posts import NOTHING_ANNOUNCED, Announcement, PresignedUpload, presign_upload

if TYPE_CHECKING:
    from datetime import datetime

    from admin_api.web.users import User
    from admin_api.wiring.services import Console


def prepare_upload(
    console: Console, user: User, name: str, encoding: str, announced: Announcement = NOTHING_ANNOUNCED
) -> PresignedUpload:
    """Presign the upload of one file, and record who got the permission.

    Raises ``UploadNameError`` and ``AnnouncementError``.
    """
    config = console.config
    upload_id = new_action_id(console.now())
    post = presign_upload(
        console.s3,
        config.bucket_name,
        name,
        max_bytes=config.max_file_bytes,
        encoding=encoding,
        uploaded_by=user.email,
        upload_id=upload_id,
        announced=announced,
    )
    _record(console, user, upload_id, post.object_key, ActionState.PERMITTED)
    return post


def record_form_upload(console: Console, user: User, form_at: datetime, key: str) -> None:
    """Record a file that came by a form which was made at ``form_at``, once for each key."""
    _record(console, user, derived_action_id(form_at, "upload", user.subject, key), key, ActionState.DONE)


def has_come(console: Console, key: str) -> bool:
    """Tell whether an object of this key lies in the inbox now. A run that has settled it takes it away."""
    try:
        console.objects.read_facts(ObjectVersion(console.config.bucket_name, key))
    except ObjectGoneError:
        return False
    return True


def _record(console: Console, user: User, action_id: str, key: str, state: ActionState) -> None:
    at = to_iso(console.now())
    is_done = state is ActionState.DONE
    console.actions.begin_action(
        ActionEntry(
            action_id=action_id,
            kind=ActionKind.UPLOAD,
            at=at,
            who=user.name,
            sub=user.subject,
            state=state,
            subject=key.rpartition("/")[2],
            selection={"object_key": key},
            expected=1,
            done=int(is_done),
            finished_at=at if is_done else "",
        )
    )
