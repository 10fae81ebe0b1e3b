"""One file by its id, with its runs and actions where they are needed, or the refusal that there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from admin_api.web.errors import NotFoundError

if TYPE_CHECKING:
    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry
    from processor.ledger.file_list import FileStory


def file_or_404(console: Console, file_id: str) -> FileEntry:
    """Read a file's entry; raises :class:`NotFoundError`."""
    entry = console.ledger.read_file(file_id)
    if entry is None:
        raise _unknown_file(file_id)
    return entry


def story_or_404(console: Console, file_id: str) -> FileStory:
    """Read a file's whole story; raises :class:`NotFoundError`."""
    story = console.files.read_story(file_id)
    if story is None:
        raise _unknown_file(file_id)
    return story


def _unknown_file(file_id: str) -> NotFoundError:
    return NotFoundError(f"There is no file {file_id!r:.70}.", "Find it by its name in the list of files.")
