"""The table of the sample files' results. It draws, and knows nothing of AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from processor.domain.file_states import FileState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processor.domain.entries import FileEntry, RunEntry
    from sample_data.manifest import SampleFile

_LIVE_ROWS = 18  # As many as fit a small terminal while the files move.
_STATES = {  # state : sign, style. The sign tells the states apart without colour.
    FileState.QUEUED: ("↻", "cyan"),
    FileState.PROCESSING: ("▸", "cyan"),
    FileState.PROCESSED: ("✓", "green"),
    FileState.PARTIAL: ("▲", "yellow"),
    FileState.FAILED: ("✕", "red"),
    FileState.DEAD_LETTERED: ("■", "red"),
    FileState.HELD: ("◆", "yellow"),
    FileState.DUPLICATE: ("=", "magenta"),
    FileState.VOIDED: ("↶", "magenta"),
}
_WORDS = {FileState.QUEUED: "waits for retry", FileState.DEAD_LETTERED: "dead-lettered"}


@dataclass
class Progress:
    """One sample, with its entry and newest run so far."""

    sample: SampleFile
    file_id: str = ""
    entry: FileEntry | None = None
    run: RunEntry | None = None
    """The newest run, once the file has come to rest."""
    void_asked: bool = False
    """Whether the console was asked to void it."""

    @property
    def is_as_expected(self) -> bool:
        """Whether state, rows, cause and warning are those of the manifest."""
        entry, sample = self.entry, self.sample
        if entry is None or entry.state != sample.state:
            return False
        counts = (entry.accepted_rows, entry.rejected_rows)
        is_counted = counts == (sample.accepted_rows, len(sample.rejected_rows))
        return is_counted and sample.cause in (None, entry.cause) and sample.warning in " ".join(entry.warnings)


def outcome_table(progress: Sequence[Progress], *, wide: bool = False, newest_first: bool = False) -> Table:
    """Draw one line for each file; ``newest_first`` is for the live table, which must fit a terminal."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    table.add_column("File", ratio=4, overflow="ellipsis", no_wrap=True)
    table.add_column("State", width=17, no_wrap=True)
    table.add_column("Orders", justify="right", no_wrap=True)
    table.add_column("Rejected", justify="right", no_wrap=True)
    table.add_column("Run", justify="right", no_wrap=True)
    table.add_column("Took", justify="right", no_wrap=True)
    table.add_column("Cost $", justify="right", no_wrap=True)
    table.add_column("Original in", width=12, no_wrap=True)
    table.add_column("Trace", width=35 if wide else 11, overflow="ellipsis", no_wrap=True)
    table.add_column("Why", ratio=7, overflow="ellipsis", no_wrap=True)
    rows = [row for row in progress if row.file_id] if newest_first else list(progress)
    for row in rows[-_LIVE_ROWS:] if newest_first else rows:
        table.add_row(*_cells(row, wide=wide))
    return table


def _cells(row: Progress, *, wide: bool) -> tuple[Text | str, ...]:
    entry = row.entry
    if entry is None:
        return Text(row.sample.name), Text("· in the queue", "dim"), "", "", "", "", "", "raw-data/", "", ""
    run = row.run
    sign, style = _STATES.get(entry.state, ("?", ""))
    state = Text(f"{sign} {_WORDS.get(entry.state, entry.state)}", style)
    return (
        Text(row.sample.name),
        state,
        f"{entry.accepted_rows:,}" if entry.accepted_rows and entry.state is not FileState.VOIDED else "",
        f"{entry.rejected_rows:,}" if entry.rejected_rows else "",
        str(entry.run_receive_count or ""),
        f"{run.duration_ms / 1000:.2f} s" if run else "",
        f"{float(run.estimated_cost):.6f}" if run else "",
        entry.original.key.split("/")[0] + "/",
        _trace(run, wide=wide) if run else "",
        Text(_why(entry)),
    )


def _trace(run: RunEntry, *, wide: bool) -> str:
    if not run.trace_sampled:
        return "not sampled"
    return run.trace_id if wide else f"…{run.trace_id[-8:]}"


def _why(entry: FileEntry) -> str:
    if entry.error:
        return entry.error.partition(". ")[0].removesuffix(".")
    if entry.reasons:
        more = len(entry.reasons) - 1
        return entry.reasons[0] + (f" and {more} more reason{'s' * (more > 1)}" if more else "")
    return " ".join(entry.warnings)


def _told(state: str, accepted: int, rejected: int, why: str | None) -> str:
    return f"{state} with {accepted} + {rejected} rows" + (f" ({why})" if why else "")


def summary(progress: Sequence[Progress], *, stored: int) -> Text:
    """Return a summary of a few lines; ``stored`` is an independent count of the new orders."""
    accepted = sum(row.entry.accepted_rows for row in progress if row.entry and row.entry.state is not FileState.VOIDED)
    rejected = sum(row.entry.rejected_rows for row in progress if row.entry)
    cost = sum(float(row.run.estimated_cost) for row in progress if row.run)
    words = Text(
        f"\n{len(progress)} files: {accepted:,} rows are orders now, {rejected:,} wait with their reasons. "
        f"The newest runs cost ${cost:.6f} by the AWS price list, had they run there."
    )
    if stored != accepted:
        words.append(f"\nBut the orders table gained {stored:,} items.", "red")
    for row in progress:
        if not row.is_as_expected:
            sample, entry = row.sample, row.entry
            due = _told(sample.state, sample.accepted_rows, len(sample.rejected_rows), sample.cause or sample.warning)
            words.append(f"\n{sample.path}: expected {due}; is ", "red")
            words.append(
                _told(entry.state, entry.accepted_rows, entry.rejected_rows, entry.cause or " ".join(entry.warnings))
                if entry
                else "still in the queue"
            )
    return words
