"""The audit of one file: its original is read again, and everything that came of it is compared with it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.audits import AuditEntry, AuditState, BookPart
from processor.domain.columns import ROW_NUMBER
from processor.domain.entries import TIE_DIGITS, to_iso
from processor.domain.errors import PermanentError
from processor.domain.file_states import FileState
from processor.domain.orders import ENRICHED_HEADER, OrderMaker
from processor.orders.auditing.audited_objects import AuditedObjects
from processor.orders.auditing.comparison import RowComparison, Sampling
from processor.orders.auditing.expected_rows import expected_rows
from processor.orders.auditing.findings import Findings
from processor.orders.auditing.laid_aside import find_laid_aside
from processor.orders.auditing.ledger_counts import (
    CountedRows,
    OffsetCheck,
    compare_counts,
    compare_entry,
    compare_hash,
)
from processor.orders.auditing.original import (
    RETRIEVAL_CLASSES,
    UNREADABLE_CLASSES,
    OriginalReader,
)
from processor.orders.auditing.replaced_orders import ReplacedOrders, find_replaced
from processor.parsing import decoding
from processor.parsing.reader import RowReader
from processor.parsing.rejected_orders import RejectedOrders
from processor.storage.accepted_reader import run_with_offsets
from processor.storage.rejected_rows import HEADER

if TYPE_CHECKING:
    from datetime import datetime

    from processor.ledger.file_list import FileStory
    from processor.orders.auditing.auditor import Auditor
    from processor.storage.objects import ObjectFacts

_ROWS_BETWEEN_CHECKS = 1_000
_STORED = frozenset({FileState.PROCESSED, FileState.PARTIAL, FileState.REPAIRED})
"""States in which the file's rows are stored."""
_NOT_STORED = frozenset({FileState.DUPLICATE, FileState.HELD})
"""States in which its rows could be read and none is stored."""


class OutOfBoundsError(Exception):
    """The audit has read as much as it may, or has no time left."""


class AuditBounds(NamedTuple):
    """How much of one file is compared at most."""

    orders: int
    """Orders read from the table; of a file with more, a sample in stretches."""
    rows: int
    """Rows of the original."""


class FileAudit:
    """The audit of one file."""

    def __init__(self, auditor: Auditor, story: FileStory, bounds: AuditBounds) -> None:
        self._auditor = auditor
        self._entry = story.entry
        were_stored = bool(story.entry.rows) or story.entry.state in _STORED
        self._are_stored = were_stored and not story.entry.voided_at
        self._were_stored = were_stored
        # A run that failed midway has kept its offsets so far, too.
        self._run = run_with_offsets(run for run in story.runs if run.outcome in _STORED)
        self._runs = story.runs
        self._bounds = bounds
        self._findings = Findings()
        self._objects = AuditedObjects(auditor, story.entry, self._findings)
        self._rows = 0
        self._orders_compared = 0

    def compare(self) -> None:
        """Compare everything that this file must have."""
        facts = self._objects.read_original_facts()
        if facts is None:
            return
        compare_entry(self._entry, facts.size_bytes, self._findings)
        if facts.storage_class in UNREADABLE_CLASSES:
            self._findings.note_gap(
                f"The original is in {facts.storage_class} and was not read, so that nothing was compared: "
                "restore it first."
            )
            return
        if facts.storage_class in RETRIEVAL_CLASSES:
            text = f"The original was read from {facts.storage_class}, which charges for retrieval by the byte."
            self._findings.notes.append(text)
        if self._were_stored or self._entry.state in _NOT_STORED:
            self._compare_rows(facts)
        else:
            self._compare_bytes(facts)

    def result(self, began: datetime, who: str, action_id: str) -> AuditEntry:
        """Return what was found."""
        findings, now = self._findings, self._auditor.now()
        state = AuditState.VERIFIED if findings.is_complete else AuditState.INCOMPLETE
        return AuditEntry(
            file_id=self._entry.file_id,
            at=to_iso(now),
            who=who,
            state=AuditState.DIFFERS if findings.count else state,
            run_id=self._entry.run_id,
            action_id=action_id,
            difference_count=findings.count,
            differences=tuple(findings.differences),
            rows=self._rows,
            orders_compared=self._orders_compared,
            notes=tuple(findings.notes),
            duration_ms=round((now - began).total_seconds() * 1000),
        )

    def _compare_bytes(self, facts: ObjectFacts) -> None:
        """Compare the original's bytes alone, where no row of it was stored, with the hash that a run has kept."""
        if not self._entry.content_sha256:
            return
        digest = hashlib.sha256()
        try:
            for block in self._auditor.objects.read_blocks(facts):
                self._check_time()
                digest.update(block)
        except OutOfBoundsError as error:
            self._findings.note_gap(f"{error} The original's bytes were not compared.")
            return
        compare_hash(self._entry, digest.hexdigest(), self._findings)

    def _compare_rows(self, facts: ObjectFacts) -> None:
        original = OriginalReader(
            self._auditor.objects, facts, self._entry.name, self._encoding(facts), self._check_time
        )
        comparison = self._comparison()
        is_whole = False
        try:
            comparison.replaced = self._find_replaced()
            self._read_rows(original, comparison, self._find_laid_aside(facts))
            is_whole = True
        except OutOfBoundsError as error:
            self._findings.note_gap(
                f"{error} It was compared up to its row {comparison.last_row:,}; its counts and its hash were not."
            )
        except (PermanentError, UnicodeDecodeError) as error:
            original.drain()
            compare_hash(self._entry, original.sha256, self._findings)
            self._note_unreadable(error)
        comparison.finish(is_whole=is_whole)
        self._rows, self._orders_compared = comparison.rows, comparison.orders_compared
        if is_whole:
            counted = CountedRows(comparison.accepted_rows, comparison.rejected_rows, original.sha256)
            if comparison.are_stored:
                compare_counts(self._entry, self._run, counted, self._findings)
                self._compare_replaced(comparison)
            else:
                compare_hash(self._entry, counted.sha256, self._findings)
        if comparison.rows:
            self._search_added(comparison, is_whole=is_whole)
        if comparison.are_stored and comparison.orders_compared < comparison.accepted_rows:
            self._findings.note_gap(
                f"A sample of the orders was compared: {comparison.orders_compared:,} of {comparison.accepted_rows:,}."
            )

    def _find_replaced(self) -> ReplacedOrders:
        later = (self._auditor.read_story(file_id) for file_id in self._entry.replaced_by)
        entries = [story.entry if story else None for story in later]
        return find_replaced(self._auditor.objects, entries, self._findings, self._check_time)

    def _compare_replaced(self, comparison: RowComparison) -> None:
        """Compare how many lines are missing as they were replaced, if all were looked for."""
        if self._entry.replaced_by and comparison.orders_compared == comparison.accepted_rows:
            self._findings.compare(
                BookPart.LEDGER, "replaced_rows", comparison.replaced.missing, self._entry.replaced_rows
            )

    def _find_laid_aside(self, facts: ObjectFacts) -> RejectedOrders:
        """Read the original once more for the orders that were laid aside, if any of its rows was rejected."""
        if not self._entry.rejected_rows:
            return RejectedOrders()
        first = OriginalReader(self._auditor.objects, facts, self._entry.name, self._encoding(facts), self._check_time)
        return find_laid_aside(RowReader(first.text()), self._entry.rejected_rows)

    def _read_rows(self, original: OriginalReader, comparison: RowComparison, laid_aside: RejectedOrders) -> None:
        for row in expected_rows(RowReader(original.text()), comparison.maker, laid_aside):
            comparison.compare_row(row)
            if comparison.rows % _ROWS_BETWEEN_CHECKS == 0:
                self._check_time()
            if comparison.rows >= self._bounds.rows:
                raise OutOfBoundsError(f"The file is larger than the {self._bounds.rows:,} rows of one audit.")
        original.drain()

    def _search_added(self, comparison: RowComparison, *, is_whole: bool) -> None:
        if self._auditor.remaining_s() <= 0:
            self._findings.note_gap("No time was left to search for added orders.")
            return
        sort_key = comparison.maker.sort_key
        until = "" if is_whole else sort_key(comparison.last_row)
        comparison.search_added(self._entry.file_id, sort_key(0), until)

    def _note_unreadable(self, error: Exception) -> None:
        """Report that the original has no rows to read, unless its newest run has found the same."""
        if self._newest_outcome() == FileState.FAILED:
            self._findings.note_gap("The newest run failed, so that orders of earlier runs were not compared.")
        elif self._entry.state not in _NOT_STORED:  # They may have been read under another default encoding.
            self._findings.add(BookPart.ORIGINAL, expected="rows that can be read", found=str(error))

    def _newest_outcome(self) -> str:
        newest = max(self._runs, key=lambda run: run.started_at, default=None)
        return newest.outcome if newest else ""

    def _comparison(self) -> RowComparison:
        entry, auditor, findings = self._entry, self._auditor, self._findings
        read_rows = min(entry.accepted_rows, self._bounds.rows)
        stretches = max(1, -(-read_rows // max(1, self._bounds.orders)))
        at = int(entry.file_id, 16) + int(auditor.now().timestamp()) // 86_400
        return RowComparison(
            maker=OrderMaker.of(entry, "", auditor.order_indexes),
            table=auditor.table,
            findings=findings,
            sampling=Sampling(self._bounds.orders, stretches, at % stretches),
            accepted=self._objects.open_output(
                BookPart.ACCEPTED, entry.accepted_key, ENRICHED_HEADER, "row_number", self._run
            ),
            rejected=self._objects.open_output(BookPart.REJECTED, entry.rejected_key, HEADER, ROW_NUMBER, self._run),
            offsets=OffsetCheck(self._run, findings),
            are_stored=self._are_stored,
        )

    def _encoding(self, facts: ObjectFacts) -> str:
        """Return the encoding under which the file was stored."""
        # Stored rows were read as UTF-8 where nothing else is said; entries of before do not say it.
        is_said = self._were_stored and self._entry.tie_digits == TIE_DIGITS
        default = "utf-8" if is_said else self._auditor.default_encoding
        return self._entry.encoding or decoding.encoding_name(facts.metadata.get("encoding", "") or default)

    def _check_time(self) -> None:
        if self._auditor.remaining_s() <= 0:
            raise OutOfBoundsError("The time for one audit is up.")
