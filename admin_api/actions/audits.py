"""Audits of files by the worker: those that a person asks for, and a sample of all files by the schedule.

An audit that fails does not stop those behind it. Each result goes to the ledger, and to the metrics that ring.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin_api.actions import bulk_files
from admin_api.actions.bulk import BulkStep
from processor.domain.audits import AuditState
from processor.domain.entries import to_iso
from processor.domain.errors import WaybillError
from processor.domain.orders import BY_CUSTOMER
from processor.ledger.action_log import ActionTakenOverError
from processor.ledger.audit_results import ScheduledAudit
from processor.observability.metrics import AUDIT_COUNTERS, SMALL, InvocationMetrics
from processor.observability.telemetry import logger, send_metrics
from processor.orders.auditing.audit_file import AuditBounds
from processor.orders.auditing.auditor import Auditor
from processor.orders.auditing.original import RetentionDays
from processor.orders.auditing.table_reader import TableReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from admin_api.wiring.services import Console
    from processor.domain.actions import ActionEntry
    from processor.domain.audits import AuditEntry
    from processor.domain.entries import FileEntry

BOUNDS_WHEN_ASKED = AuditBounds(orders=1_000_000, rows=20_000_000)
BOUNDS_BY_SCHEDULE = AuditBounds(orders=5_000, rows=250_000)
"""Of one file: twenty of them cost two cents, docs/cost.md."""
SCHEDULED = "scheduled"
"""In the selection of an action of the schedule."""
_SIGN_OF_LIFE_S = 20.0
"""An action without progress for a minute counts as one whose worker is gone; a large file takes several."""
_TRIES = 2
"""A file that changes meanwhile is audited once more."""
AUDIT_RESERVE_S = 300.0
"""With less time left, a worker leaves the next file to its successor, which has all of its own."""
_RESERVE_S = 60.0
"""What the worker needs after an audit: to search for added orders, and to store the result."""


class BooksDifferError(WaybillError):
    """The scheduled audit found differences, or could not verify a file. The console's overview says which."""


def fail_if_books_differ(console: Console, action_id: str) -> None:
    """Raise :class:`BooksDifferError` for a scheduled audit with differences where monitoring is small.

    CloudWatch keeps no metric of audits there. An action that fails in each of Lambda's tries rings in its stead.
    """
    if console.config.monitoring != SMALL:
        return
    action = console.actions.read_action(action_id)
    if action and action.is_finished and action.failed and action.selection.get(SCHEDULED):
        raise BooksDifferError


@dataclass(frozen=True, slots=True)
class AuditWork:
    """The audits of one worker; ``remaining_s`` tells how long it still has."""

    console: Console
    remaining_s: Callable[[], float]

    def execute(self, console: Console, action: ActionEntry) -> Iterator[BulkStep]:
        """Audit the files of an action; an executor of ``admin_api.actions.bulk``."""
        yield from bulk_files.act_on_files(console, action, self.audit)
        if action.selection.get(SCHEDULED):
            yield from self.finish_schedule(action)

    def audit(self, action: ActionEntry, entry: FileEntry) -> BulkStep:
        """Audit one file, and store and report the result; one under way is skipped."""
        try:
            result = self._audit(action, entry)
            if result is None:
                return BulkStep(skipped=1)
            problem = _in_words(result)
            self.console.audits.record_audit(entry, result)
            self.console.actions.note_on_file(action, entry.file_id, entry.name, error=problem)
        except Exception as error:  # noqa: BLE001 - one file never takes its neighbours down
            logger.warning("audit_failed", extra={"file_id": entry.file_id}, exc_info=error)
            return BulkStep(failed=1, error=f"{entry.name} could not be verified: {type(error).__name__}: {error}")
        self._report(result)
        return BulkStep(failed=1, error=f"{entry.name}: {problem}") if problem else BulkStep(done=1)

    def finish_schedule(self, action: ActionEntry) -> Iterator[BulkStep]:
        """Recount the files after a scheduled audit, and store its result."""
        console = self.console
        results = console.audits.read_audits(action.selection["file_ids"])
        ours = [result for result in results if result.action_id == action.action_id]
        counters = console.recount.compare()
        console.audits.record_scheduled_audit(
            ScheduledAudit(
                action.action_id,
                to_iso(console.now()),
                files=len(ours),
                differing=sum(result.state is AuditState.DIFFERS for result in ours),
                counters=counters,
            )
        )
        self._send(files=0, differences=len(counters))
        if counters:
            logger.warning("counters_differ", extra={"counters": counters})
            yield BulkStep(failed=1, error=" ".join(counters))

    def _audit(self, action: ActionEntry, entry: FileEntry) -> AuditEntry | None:
        bounds = BOUNDS_BY_SCHEDULE if action.selection.get(SCHEDULED) else BOUNDS_WHEN_ASKED
        for _ in range(_TRIES):
            result = self._auditor(action).audit(entry.file_id, bounds, who=action.who, action_id=action.action_id)
            if result:
                return result
        return None

    def _auditor(self, action: ActionEntry) -> Auditor:
        console, config = self.console, self.console.config
        return Auditor(
            objects=console.objects,
            table=TableReader(console.dynamodb, config.orders_table, BY_CUSTOMER in config.order_indexes),
            read_story=console.files.read_story,
            default_encoding=config.default_encoding,
            order_indexes=config.order_indexes,
            retention=RetentionDays(
                config.processed_retention_days, config.failed_retention_days, config.archive_retention_days
            ),
            now=console.now,
            remaining_s=self._clock_of(action),
        )

    def _clock_of(self, action: ActionEntry) -> Callable[[], float]:
        """Return what tells the time that an audit has, and meanwhile shows that its worker is alive."""
        shown_at = time.monotonic()

        def remaining_s() -> float:
            nonlocal shown_at
            if time.monotonic() - shown_at > _SIGN_OF_LIFE_S:
                self._show_life(action)
                shown_at = time.monotonic()
            return self.remaining_s() - _RESERVE_S

        return remaining_s

    def _show_life(self, action: ActionEntry) -> None:
        current = self.console.actions.read_action(action.action_id)
        if current and not current.is_finished:
            with suppress(ActionTakenOverError):
                self.console.actions.record_progress(current, resume=current.resume)

    def _report(self, result: AuditEntry) -> None:
        self._send(files=1, differences=result.difference_count)
        fields = {"file_id": result.file_id, "state": result.state, "differences": result.difference_count}
        logger.info("file_audited", extra=fields | {"rows": result.rows, "orders_compared": result.orders_compared})

    def _send(self, *, files: int, differences: int) -> None:
        config = self.console.config
        if config.monitoring == SMALL:
            return
        metrics = InvocationMetrics(dict.fromkeys(AUDIT_COUNTERS, 0.0))
        metrics.count("AuditedFiles", files)
        metrics.count("AuditDifferences", differences)
        send_metrics(metrics, environment=config.environment)


def _in_words(result: AuditEntry) -> str:
    """Say how many differences were found; "" for none."""
    number = result.difference_count
    return f"{number:,} difference{'s' * (number != 1)} found." if number else ""
