"""The orders of a file that go back, or went back: as it is voided, or as one file replaces those of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.pages.activity import ActionProgress, action_progress
from admin_api.pages.files.others import files_still_replaced
from processor.domain.file_states import FileState
from processor.domain.take_backs import TakeBack, replacement_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from admin_api.wiring.services import Console
    from processor.domain.entries import FileEntry


@dataclass(frozen=True, slots=True)
class GoingBack:
    """The action that takes orders back, and the account of a voided file."""

    progress: ActionProgress | None
    """None if there is no such action, or its worker has not begun."""
    account: TakeBack | None
    """Of a voided file: how many of its orders were taken back."""
    still_replaced: tuple[FileEntry, ...]
    """Of a voided file: the earlier files whose orders, which it had replaced, are away until they are reprocessed."""
    is_awaited: bool
    """Whether the file's run has replaced orders, and the worker has not begun to take them back."""

    @property
    def is_running(self) -> bool:
        """Whether more is to come by itself."""
        return self.is_awaited or (self.progress is not None and not self.progress.action.is_finished)

    @property
    def is_live(self) -> bool:
        """Whether the page has to look again: an action that stands still waits for a person."""
        return self.is_running and not (self.progress and self.progress.is_stalled)


def read_going_back(console: Console, entry: FileEntry, others: Mapping[str, FileEntry]) -> GoingBack | None:
    """Read what goes back of a file; None of one that neither replaces anything nor is voided."""
    is_voided = entry.state is FileState.VOIDED
    action_id = entry.taking_back or (replacement_id(entry) if entry.replaces and not is_voided else "")
    if not action_id and not is_voided:
        return None
    action = console.actions.read_action(action_id) if action_id else None
    return GoingBack(
        progress=action_progress(console, action) if action else None,
        account=console.take_backs.read_take_back(entry.file_id) if is_voided else None,
        still_replaced=files_still_replaced(entry, others) if is_voided else (),
        is_awaited=action is None and bool(action_id) and entry.has_orders,
    )
