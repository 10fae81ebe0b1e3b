"""Uploads: the presigned POST of one file, and its entry in the activity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.actions import ActionEntry, ActionKind, ActionState, new_action_id
from processor.domain.entries import to_iso
from processor.storage.presigned_posts import PresignedUpload, presign_upload

if TYPE_CHECKING:
    from admin_api.web.users import User
    from admin_api.wiring.services import Console


def prepare_upload(console: Console, user: User, name: str, encoding: str) -> PresignedUpload:
    """Presign the upload of one file, and record who asked for it. Raises ``UploadNameError``."""
    config = console.config
    post = presign_upload(
        console.s3,
        config.bucket_name,
        name,
        max_bytes=config.max_file_bytes,
        encoding=encoding,
        uploaded_by=user.email,
    )
    record_upload(console, user, new_action_id(console.now()), post.object_key)
    return post


def record_upload(console: Console, user: User, action_id: str, key: str) -> None:
    """Write an upload into the activity, once for each ``action_id``."""
    at = to_iso(console.now())
    console.actions.begin_action(
        ActionEntry(
            action_id=action_id,
            kind=ActionKind.UPLOAD,
            at=at,
            who=user.name,
            state=ActionState.DONE,
            subject=key.rpartition("/")[2],
            selection={"object_key": key},
            expected=1,
            done=1,
            finished_at=at,
        )
    )
