"""Uploads that their clients have left unfinished: objects that are under a temporary name after a day.

The schedule of the audit looks for them, and tells of each once, by mail. Nothing is done to them: the client may still
come back, and a person decides on the page of the inbox.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from admin_api.actions.inbox import read_inbox
from processor.domain.errors import LookupThrottledError
from processor.domain.object_keys import file_id
from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admin_api.actions.inbox import UnknownObject
    from admin_api.wiring.services import Console

FINISHED_WITHIN = timedelta(days=1)
_MOST_STRETCHES = 100
"""Of a thousand versions each: half a cent."""
_MOST_MAILS = 20
"""Of one look; the others are told of by the next one."""


def look_for_unfinished_uploads(console: Console) -> None:
    """Tell of unfinished uploads; what fails is left to the next time of the schedule, and the audit goes on."""
    try:
        tell_of_unfinished_uploads(console)
    except (ClientError, BotoCoreError, LookupThrottledError):
        logger.exception("unfinished_uploads_not_told")


def tell_of_unfinished_uploads(console: Console) -> int:
    """Send a mail for each unfinished upload that nobody has been told of; returns the number of mails.

    A death between a mail and its note sends it twice, which is better than never.
    """
    told = 0
    for each in _find(console):
        identity = file_id(each.version)
        if console.mail_notes.was_told(identity):
            continue
        if told == _MOST_MAILS:
            logger.warning("mail_held_back", extra={"outcome": "unfinished upload"})
            break
        _tell(console, each, identity)
        console.mail_notes.note_told(identity, each.version)
        told += 1
    return told


def _find(console: Console) -> Iterator[UnknownObject]:
    after, since = "", console.now() - FINISHED_WITHIN
    for _ in range(_MOST_STRETCHES):
        stretch = read_inbox(console, after)
        yield from (each for each in stretch.unfinished if each.put_at < since)
        after = stretch.following
        if not after:
            return


def _tell(console: Console, unfinished: UnknownObject, identity: str) -> None:
    version = unfinished.version
    console.notifier.publish_mail(
        unfinished.name,
        file_id=identity,
        outcome="unfinished upload",
        facts={
            "What": "A client has left this object under a temporary name for more than a day. It was not processed.",
            "Put": f"{unfinished.put_at:%Y-%m-%d %H:%M} UTC, {unfinished.size_bytes:,} bytes",
            "Object": f"s3://{version.bucket}/{version.key}",
            "What to do": "Ask the sender to upload the file again, whole, and to remove this one.",
            "Console": f"{console.config.console_url}/files/inbox",
        },
    )
    logger.info("unfinished_upload_told", extra={"object_key": version.key, "file_id": identity})
