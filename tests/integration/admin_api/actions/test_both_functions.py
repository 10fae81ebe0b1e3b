"""What a page does to one file the worker does to many, each with the permissions of its own role."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from admin_api.actions import bulk_files
from admin_api.actions.bulk import BulkWork
from processor.domain.actions import ActionState
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from tests.integration.admin_api.actions.dismissible_files import CASES, check_dismissed
from tests.integration.unfinished import failing, unfinished_uploads, write_in_small_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry
    from tests.integration.admin_api.console import ConsoleStage

type Dismiss = Callable[[ConsoleStage, FileEntry], None]

REASON = "Sent again by mail."


def dismiss_one(console: ConsoleStage, entry: FileEntry) -> None:
    """Dismiss a file by a request."""
    body = {"kind": "dismiss", "reason": REASON}
    console.browser().post(f"/api/files/{entry.file_id}/actions", json=body)


def dismiss_many(console: ConsoleStage, entry: FileEntry) -> None:
    """Dismiss chosen files by the worker."""
    body = {"kind": "dismiss", "reason": REASON, "file_ids": [entry.file_id], "action_id": console.action_id()}
    console.browser().post("/api/files/actions", json=body)
    work(console)


def work(console: ConsoleStage, remaining_s: float = 900.0) -> ActionEntry:
    """Let the worker carry out what it was called for, for as long as it has time."""
    action = console.console.actions.read_action(console.worker.calls.pop()["action_id"])
    assert action is not None
    seconds = itertools.count()
    worker = BulkWork(
        console.console,
        bulk_files.act_on_files,
        lambda: remaining_s,
        sleep=lambda _: None,
        clock=lambda: float(next(seconds)),
    )
    return worker.carry_out(action)


@pytest.mark.parametrize("dismiss", [dismiss_one, dismiss_many])
@pytest.mark.parametrize("case", ["dead_lettered", "failed again"])
def test_a_large_file_is_dismissed_in_parts(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch, case: str, dismiss: Dismiss
) -> None:
    """From the inbox and from failed-data/ only the archive is left, as by one copy."""
    make, _, original, with_rejects = CASES[case]
    entry = make(console.stage)
    write_in_small_parts(monkeypatch)

    dismiss(console, entry)

    check_dismissed(console.stage, entry.file_id, original, with_rejects=with_rejects)


@pytest.mark.parametrize("dismiss", [dismiss_one, dismiss_many])
def test_a_copy_that_fails_leaves_no_parts_and_the_file_as_it_was(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch, dismiss: Dismiss
) -> None:
    """It can be dismissed again."""
    write_in_small_parts(monkeypatch)
    entry = console.stage.process("orders.csv", b"%PDF-1.7")

    with failing(monkeypatch, "UploadPartCopy", "archive/"):
        dismiss(console, entry)

    assert unfinished_uploads(console.stage) == []
    now = console.stage.services.ledger.read_file(entry.file_id)
    assert now is not None
    assert now.state is FileState.FAILED
    dismiss(console, entry)
    check_dismissed(console.stage, entry.file_id, b"%PDF-1.7", with_rejects=False)


@pytest.mark.parametrize("dismiss", [dismiss_one, dismiss_many])
def test_a_file_whose_original_is_gone_can_be_dismissed(console: ConsoleStage, dismiss: Dismiss) -> None:
    """S3 answers that the version is missing, so nothing is left to keep."""
    make, *_ = CASES["dead_lettered"]
    entry = make(console.stage)
    console.stage.services.objects.delete(entry.original)

    dismiss(console, entry)

    now = console.stage.services.ledger.read_file(entry.file_id)
    assert now is not None
    assert now.state is FileState.DISMISSED


def test_a_worker_whose_time_is_up_calls_the_next(console: ConsoleStage) -> None:
    """The next one goes on where it was."""
    entries = [console.stage.process(f"bad-{number}.csv", b"%PDF" + bytes([number])) for number in range(3)]
    file_ids = [entry.file_id for entry in entries]
    body = {"kind": "dismiss", "reason": REASON, "file_ids": file_ids, "action_id": console.action_id()}
    console.browser().post("/api/files/actions", json=body)

    shares = []
    while console.worker.calls:
        shares.append(work(console, remaining_s=1.0))

    assert len(shares) > 1
    assert (shares[-1].state, shares[-1].done) == (ActionState.DONE, 3)


def test_all_files_of_a_name_are_acted_on_whatever_their_state(console: ConsoleStage) -> None:
    """A filter without a state is read by the other index."""
    wanted = [console.stage.process(f"till-{number}.csv", b"%PDF" + bytes([number])) for number in range(2)]
    other = console.stage.process("webshop.csv", b"%PDF-1.7")
    form = {"kind": "dismiss", "reason": REASON, "name": "till", "all": "1", "rate": "0"}
    shown = {"until": to_iso(console.console.now()), "action_id": console.action_id()}
    console.browser().post("/files/actions", data=form | shown)

    done = work(console)

    assert (done.state, done.done) == (ActionState.DONE, 2)
    read_file = console.stage.services.ledger.read_file
    states = {entry.name: entry.state for each in [*wanted, other] if (entry := read_file(each.file_id))}
    assert states == {
        "till-0.csv": FileState.DISMISSED,
        "till-1.csv": FileState.DISMISSED,
        "webshop.csv": FileState.FAILED,
    }
