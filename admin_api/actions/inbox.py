"""Objects of the inbox that no entry of the ledger knows: their events are lost, or their runs never began.

Those under a temporary name are left alone until their clients have finished them, or a person asks for them.

A list looks through one stretch of the inbox, which holds only what is not settled. Processing them is an action on
many things, carried out by the worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote

from botocore.exceptions import BotoCoreError, ClientError

from admin_api.actions.bulk import BulkStep
from admin_api.actions.lost_messages import COUNTED_AFTER
from admin_api.actions.perform import act_on_many
from processor.domain.errors import ObjectGoneError
from processor.domain.object_keys import INBOX, ObjectVersion, file_id, is_folder_marker, is_temporary_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mypy_boto3_s3.type_defs import ObjectVersionTypeDef

    from admin_api.actions.begin import ActionRequest
    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry

MOST_LOOKED_THROUGH = 1_000
"""Versions in one stretch: S3's limit of a call."""
MOST_LISTED = 100
"""Objects of one stretch, all of which one action can process: its entry holds their keys."""
_FILES_AT_ONCE = 100


class InboxObject(NamedTuple):
    """One version of an object in the inbox, also as text that a form and an address can carry."""

    version_id: str
    key: str

    @classmethod
    def from_text(cls, text: str) -> InboxObject:
        """Read what :attr:`text` wrote."""
        version_id, _, key = text.partition(" ")
        return cls(version_id, unquote(key))

    @property
    def text(self) -> str:
        """The version, which holds no space, and the key, whose line breaks a form would change."""
        return f"{self.version_id} {quote(self.key)}"


@dataclass(frozen=True, slots=True)
class UnknownObject:
    """An object version in the inbox without an entry in the ledger."""

    version: ObjectVersion
    size_bytes: int
    put_at: datetime
    is_temporary: bool = False
    """Whether a client has it under a name of its own until it is whole."""

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.version.name

    @property
    def choice(self) -> str:
        """Its version and key, as a form's value."""
        return InboxObject(self.version.version_id, self.version.key).text


@dataclass(frozen=True, slots=True)
class InboxStretch:
    """The unknown objects of a stretch of the inbox, and the place at which the next one begins ("" at the end)."""

    objects: tuple[UnknownObject, ...]
    looked_through: int
    following: str
    waiting: int
    """About how many messages the queue holds, which may be those of these objects."""

    @property
    def lost(self) -> tuple[UnknownObject, ...]:
        """Those that a run should have begun with."""
        return tuple(each for each in self.objects if not each.is_temporary)

    @property
    def unfinished(self) -> tuple[UnknownObject, ...]:
        """Those under a temporary name."""
        return tuple(each for each in self.objects if each.is_temporary)


def read_inbox(console: Console, after: str = "") -> InboxStretch:
    """Look through the inbox from behind the place ``after``, for what has lain there for two minutes."""
    version_id, key = InboxObject.from_text(after)
    start = {"KeyMarker": key} if key else {}
    if key and version_id:
        start["VersionIdMarker"] = version_id
    answer = console.s3.list_object_versions(
        Bucket=console.config.bucket_name, Prefix=INBOX, MaxKeys=MOST_LOOKED_THROUGH, **start
    )
    found = answer.get("Versions", [])
    old_enough = console.now() - COUNTED_AFTER
    candidates = [_candidate(console, each) for each in found if each["LastModified"] < old_enough]
    candidates = [each for each in candidates if not is_folder_marker(each.version.key, each.size_bytes)]
    # A temporary version that is no longer its name's newest has been finished, or written again.
    finished = {each.get("VersionId", "") for each in found if not each["IsLatest"]}
    candidates = [each for each in candidates if not (each.is_temporary and each.version.version_id in finished)]
    known = _known_ids(console, [file_id(each.version) for each in candidates])
    following = ""
    if answer.get("IsTruncated"):
        following = InboxObject(answer.get("NextVersionIdMarker", ""), answer["NextKeyMarker"]).text
    unknown = tuple(each for each in candidates if file_id(each.version) not in known)
    if len(unknown) > MOST_LISTED:
        unknown = unknown[:MOST_LISTED]
        following = unknown[-1].choice
    return InboxStretch(unknown, len(found), following, console.queue.count_messages() if unknown else 0)


def _candidate(console: Console, found: ObjectVersionTypeDef) -> UnknownObject:
    version = ObjectVersion(console.config.bucket_name, found["Key"], found.get("VersionId", ""))
    is_temporary = is_temporary_name(version.name, console.config.temporary_names)
    return UnknownObject(version, found["Size"], found["LastModified"], is_temporary=is_temporary)


def _known_ids(console: Console, ids: list[str]) -> set[str]:
    return {
        entry.file_id
        for start in range(0, len(ids), _FILES_AT_ONCE)
        for entry in console.files.read_files(ids[start : start + _FILES_AT_ONCE])
    }


def start_processing(console: Console, action_request: ActionRequest, objects: list[InboxObject]) -> None:
    """Let the worker send a message for each object, as S3's event would have been."""
    texts = list(dict.fromkeys(each.text for each in objects))
    act_on_many(
        console,
        action_request,
        selection={"objects": texts},
        subject=f"{len(texts):,} object{'s' * (len(texts) != 1)} of the inbox",
        expected=len(texts),
        asked_for=sorted(texts),
    )


def process_objects(console: Console, action: ActionEntry) -> Iterator[BulkStep]:
    """Send a message for each object of the selection; an executor of ``admin_api.actions.bulk``."""
    choices: list[str] = action.selection["objects"]
    for number, choice in enumerate(choices[int(action.resume or 0) :], int(action.resume or 0) + 1):
        yield _process_object(console, action, choice)._replace(resume=str(number))


def _process_object(console: Console, action: ActionEntry, choice: str) -> BulkStep:
    version_id, key = InboxObject.from_text(choice)
    version = ObjectVersion(console.config.bucket_name, key, version_id)
    identity = file_id(version)
    try:
        console.objects.read_facts(version)
        if console.ledger.read_file(identity):
            return BulkStep(skipped=1)  # Its run has begun meanwhile.
        console.actions.note_on_file(action, identity, version.name)
        console.queue.send_process(version)
    except ObjectGoneError:
        return BulkStep(skipped=1)
    except (ClientError, BotoCoreError) as error:
        return BulkStep.of_error(version.name, error)
    return BulkStep(done=1)
