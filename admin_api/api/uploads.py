"""Uploads for scripts: a presigned POST, by which the file goes straight to S3."""

from __future__ import annotations

from fastapi import APIRouter

from admin_api.actions import uploads
from admin_api.api.models import UploadIn, UploadOut, problems
from admin_api.web.auth import Operator
from admin_api.web.errors import InvalidError
from admin_api.wiring.services import ConsoleDep
from processor.storage.presigned_posts import Announcement, AnnouncementError, UploadNameError

router = APIRouter(prefix="/api", tags=["Uploads"])


@router.post("/uploads", status_code=201, responses=problems())
def prepare_upload(body: UploadIn, console: ConsoleDep, user: Operator) -> UploadOut:
    """Presign the upload of one file, valid for 15 minutes.

    A file that does not hold the announced rows or total is held: nothing of it is stored until a person decides.
    """
    try:
        announced = Announcement(body.rows or "", body.total or "")
        post = uploads.prepare_upload(console, user, body.name, body.encoding, announced)
    except (UploadNameError, AnnouncementError) as error:
        raise InvalidError(str(error)) from error
    return UploadOut(url=post.url, fields=post.fields, object_key=post.object_key)
