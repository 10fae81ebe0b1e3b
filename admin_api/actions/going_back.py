"""What voiding a file and replacing its orders have in common: the account, the objects, and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.actions.bulk import BulkStep
from processor.domain import object_keys
from processor.domain.errors import ObjectGoneError
from processor.domain.object_keys import ARCHIVE, FAILED, ObjectVersion
from processor.observability.metrics import AUDIT_COUNTERS, SMALL, InvocationMetrics
from processor.observability.telemetry import send_metrics

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from typing import Self

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.domain.entries import FileEntry
    from processor.domain.take_backs import TakeBack
    from processor.ledger.table import ItemCheck
    from processor.orders.taking_back import OrdersTaker


@dataclass(eq=False, repr=False)
class Account:
    """Tells an action what the ledger's account says, whatever of it the action knows already."""

    done: int
    skipped: int
    before_done: int = 0
    """What the action did to the files before the present one."""
    before_skipped: int = 0

    @classmethod
    def of(cls, action: ActionEntry) -> Self:
        """Begin with what the action has stored."""
        return cls(action.done, action.skipped)

    def tell(self, progress: TakeBack) -> Iterator[BulkStep]:
        """Yield what has been done since the last step, if there is anything."""
        done, skipped = self.before_done + progress.taken_back, self.before_skipped + progress.left_alone
        step = BulkStep(done=done - self.done, skipped=skipped - self.skipped)
        self.done, self.skipped = done, skipped
        if step.done or step.skipped:
            yield step

    def close_file(self) -> None:
        """Go on to the next file."""
        self.before_done, self.before_skipped = self.done, self.skipped


def orders_taker(
    console: Console, entry: FileEntry, wanted: Container[str] | None = None, check: ItemCheck | None = None
) -> OrdersTaker:
    """Make what takes back orders of a file."""
    from processor.ledger.table import FilesTable  # noqa: PLC0415  The console's pages need neither.
    from processor.orders.taking_back import OrdersTaker  # noqa: PLC0415

    config = console.config
    return OrdersTaker(
        dynamodb=console.dynamodb,
        orders_table=config.orders_table,
        files=FilesTable(console.dynamodb, config.files_table),
        take_backs=console.take_backs,
        objects=console.objects,
        entry=entry,
        runs=console.ledger.list_runs(entry.file_id),
        wanted=wanted,
        check=check,
    )


def clear_away(console: Console, entry: FileEntry) -> str:
    """Delete a voided file's accepted rows, and move its rejected rows to the archive; return the key that they have.

    Its original stays where it is. Repeating that changes nothing.
    """
    objects = console.objects
    objects.delete(ObjectVersion(entry.bucket, object_keys.accepted_key(entry.base, entry.file_id, entry.name)))
    if not entry.rejected_key.startswith(FAILED):
        return entry.rejected_key
    archived = ARCHIVE + entry.rejected_key.removeprefix(FAILED)
    try:
        facts = objects.read_facts(ObjectVersion(entry.bucket, entry.rejected_key))
    except ObjectGoneError:  # Moved by an earlier worker, or expired.
        return archived if objects.exists(ObjectVersion(entry.bucket, archived)) else ""
    objects.copy(facts, archived)
    objects.delete(facts.version)
    return archived


def count_void(console: Console, progress: TakeBack) -> None:
    """Count a file that was voided, with its orders."""
    _send(console, {"FilesVoided": 1, "OrdersVoided": progress.taken_back})


def count_replaced(console: Console, progress: TakeBack) -> None:
    """Count the orders of a file that were replaced."""
    _send(console, {"OrdersReplaced": progress.taken_back})


def _send(console: Console, counts: dict[str, int]) -> None:
    config = console.config
    if config.monitoring == SMALL:
        return
    metrics = InvocationMetrics(dict.fromkeys(AUDIT_COUNTERS, 0.0))
    for name, number in counts.items():
        metrics.count(name, number)
    send_metrics(metrics, environment=config.environment)
