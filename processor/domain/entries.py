"""The ledger's entries: the file entry and the run entry. Pure; ``processor.ledger.ledger`` stores them.

Both are items of the files table: partition key ``file_id``, sort key ``entry``.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from processor.domain.errors import ObjectLostError
from processor.domain.file_states import MOVING, FileState
from processor.domain.holds import Reject, SameOrdersFound
from processor.domain.object_keys import INBOX, ObjectVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE_ENTRY = "file"
FILE_KIND = "file"
"""The key of all files in the index ``by_kind``, which lists the newest first."""
RUN_PREFIX = "run#"
UPLOAD_PREFIX, ARRIVAL_ENTRY = "upload#", "arrival"
"""Both keys of the item that says which file came under a permission to upload."""

FIRST_STRIDE = 1_000
"""Accepted rows from one kept byte offset to the next, until there are too many offsets."""
MOST_OFFSETS = 8_192
"""Eleven bytes each at most: far from DynamoDB's 400 KB an item, whatever the file's size."""

TIE_DIGITS = 9
"""Digits of the file id behind the microseconds of each order's sort key, so that two files never meet on one. Files of
before have three, of which one in a thousand is equal."""
_BEFORE_TIE_DIGITS = 3
_REJECTED_BY_ORDER = "1"
"""The last digit of base timestamps since orders are laid aside whole; it was 0, or none."""
_WITH_MICROSECONDS = len("2026-11-22T10:20:30.123456Z")

_LONGEST_SEQUENCER = 64

DIED = "died"
ERROR = "error"
"""Run outcomes besides the file states: the function died; the run failed and SQS retries."""


def to_iso(moment: datetime) -> str:
    """Write an aware moment as ISO 8601 in UTC with microseconds, sortable as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_iso(text: str) -> datetime:
    """Read what :func:`to_iso` wrote."""
    return datetime.fromisoformat(text)


def base_timestamp_of(began_at: str) -> str:
    """Write the base timestamp of a file whose first run begins.

    The digit behind the microseconds says that its orders' keys have :data:`TIE_DIGITS`, and which rule rejects its
    rows unless the entry names one. More would take many entries beyond 1 KB, where each write costs twice as much.
    """
    return f"{began_at.removesuffix('Z')}{_REJECTED_BY_ORDER}Z"


def known_values(item: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Pick the attributes that an entry has. DynamoDB returns decimals; the numbers of entries are whole."""
    values = ((name, item[name]) for name in names if name in item)
    return {name: int(value) if isinstance(value, Decimal) else value for name, value in values}


def arrival_order(arrived_at: str, sequencer: str, file_id: str) -> tuple[str, str, str]:
    """Make what sorts files by their arrival: S3's time, and its sequencer where one key has several at one time.

    Sequencers have different lengths and compare as if the shorter one had zeros behind it:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    return arrived_at, sequencer.upper().ljust(_LONGEST_SEQUENCER, "0"), file_id


class FileEntry(NamedTuple):
    """One file. Empty strings and zeros stand for what is not known (yet)."""

    file_id: str
    state: FileState
    bucket: str
    object_key: str
    version_id: str
    received_at: str
    """The beginning of the first run; also the sort key of the indexes."""
    base_timestamp: str
    """The start of every order's ``processed_timestamp``; fixed when the first run begins."""
    uploaded_at: str = ""
    """The time of S3's event."""
    run_id: str = ""
    """The newest run: the one that holds the lease while the state is ``processing``."""
    run_started_at: str = ""
    run_message_id: str = ""
    run_receive_count: int = 0
    lease_until: int = 0
    """Seconds since the epoch. A run whose lease has ended is dead, even in state ``processing``."""
    size_bytes: int = 0
    content_sha256: str = ""
    encoding: str = ""
    """The encoding as which its rows were read, where that is or was a default of the deployment other than UTF-8,
    which may change; "" where it was always the declared one or else UTF-8."""
    accepted_rows: int = 0
    rejected_rows: int = 0
    progress_rows: int = 0
    progress_bytes: int = 0
    reasons: tuple[str, ...] = ()
    """The most frequent reasons of its rejected rows, each with its count."""
    warnings: tuple[str, ...] = ()
    cause: str = ""
    error: str = ""
    duplicate_of: str = ""
    original_key: str = ""
    """The key of the untouched original, once it has left the inbox."""
    original_version: str = ""
    leftover_key: str = ""
    """The copy that clean-up still has to delete after the state was written; the inbox stands for the file's own."""
    leftover_version: str = ""
    accepted_key: str = ""
    rejected_key: str = ""
    settled_at: str = ""
    duration_ms: int = 0
    estimated_cost: str = ""
    """US dollars, of the run that settled the file, so that lists need not read its runs."""
    uploaded_by: str = ""
    """The uploader, as the object's metadata name them: the console's uploads are bound to say who asked for them."""
    asked_again: bool = False
    """A person asked for the run that is due, so the file is not held as a duplicate."""
    asked_for: str = ""
    """The way in which a person asked for it: ``store`` or ``replace`` (kinds of actions), or "" for a usual run."""
    asked_at: str = ""
    """The moment at which a person asked for that run."""
    sent_by: str = ""
    """Who put the object, as S3's event names the principal."""
    sequencer: str = ""
    """S3's order of the versions of one key, as its event gives it."""
    is_copy: bool = False
    """Whether S3 copied another object, or the same one, to this version; only copies carry it."""
    announced_rows: str = ""
    """The number of rows and the sum of the line totals that the upload announced, as it wrote them."""
    announced_total: str = ""
    read_rows: int = 0
    """The rows of the file and the sum of their line totals, as the verdict read them; kept if a total was announced or
    the file is held."""
    read_total: str = ""
    same_orders: Mapping[str, Any] = MappingProxyType({})
    """Orders that earlier files brought; see :class:`processor.domain.holds.SameOrdersFound`."""
    reject: str = ""
    """The rule under which its orders are stored, a :class:`Reject`; "" for that of the base timestamp."""
    replaces: tuple[str, ...] = ()
    """The ids of the earlier files whose lines of the same orders this file's run has to take back."""
    replaced_by: tuple[str, ...] = ()
    """The ids of the later files that have replaced orders of this one."""
    replaced_rows: int = 0
    """Rows of this file that were taken back for them."""
    taking_back: str = ""
    """The id of the action that takes rows of this file back at present. No run may begin meanwhile."""
    voided_at: str = ""
    """The moment at which its orders were taken back; "" again once a run has stored them."""
    waits_for: str = ""
    """The id of the file under way that has the same orders: the run goes on when that one has settled."""
    counted_as: str = ""
    """The state under which ``processor.ledger.counters`` counts it; "" while it is under way."""

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> FileEntry:
        """Build the entry from a deserialised item."""
        values = known_values(item, cls._fields)
        values["state"] = FileState(values["state"])
        for name in ("reasons", "warnings", "replaces", "replaced_by"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)

    def evolve(self, *, without: Iterable[str] = (), **values: Any) -> FileEntry:
        """Return the entry with these values, and with the defaults of the fields ``without``."""
        return self._replace(**{name: self._field_defaults[name] for name in without}, **values)

    @property
    def sender(self) -> str:
        """The first folder below the inbox; "" for files directly below it, which have one sender in common."""
        folder, slash, _ = self.object_key.removeprefix(INBOX).partition("/")
        return folder if slash else ""

    @property
    def source(self) -> ObjectVersion:
        """The object version of the inbox that is the file."""
        return ObjectVersion(self.bucket, self.object_key, self.version_id)

    @property
    def same_orders_found(self) -> SameOrdersFound | None:
        """The orders that earlier files brought, if the verdict has found any."""
        return SameOrdersFound.from_item(self.same_orders) if self.same_orders else None

    @property
    def name(self) -> str:
        """The last part of the object's key."""
        return self.object_key.rpartition("/")[2]

    @property
    def arrival_order(self) -> tuple[str, str, str]:
        """What sorts files by their arrival."""
        return arrival_order(self.uploaded_at or self.received_at, self.sequencer, self.file_id)

    @property
    def rows(self) -> int:
        """Accepted and rejected rows together."""
        return self.accepted_rows + self.rejected_rows

    @property
    def in_first_run(self) -> bool:
        """Whether the newest run is the first one."""
        return self.run_started_at == self.received_at

    @property
    def holds_content(self) -> bool:
        """Whether a file with the same rows must not be stored beside it: its own are stored, or may be, or will be."""
        if self.has_orders or self.state in MOVING:
            return True
        if self.state is FileState.FAILED:  # A run before this one may have stored some rows, and died.
            return not self.in_first_run and not self.voided_at
        return self.state in {FileState.DEAD_LETTERED, FileState.DISMISSED} and not self.voided_at

    @property
    def is_unfinished(self) -> bool:
        """Whether a run that did not end may have stored some orders; nothing tells which, until it is run again."""
        return self.holds_content and not self.has_orders and self.state not in MOVING

    @property
    def is_whole(self) -> bool:
        """Whether the file has stored all that it accepted, and all of it is still there."""
        return self.has_orders and not self.replaced_rows and self.cause != ObjectLostError.cause

    @property
    def has_orders(self) -> bool:
        """Whether a settled run has stored orders of it that were neither taken back nor all replaced."""
        return self.accepted_rows > self.replaced_rows and not self.voided_at

    def lease_ended(self, now: datetime) -> bool:
        """Tell whether the run that holds the file is dead and no later delivery has taken over.

        After the message's last receive there is no later delivery: the file waits for a person.
        """
        return self.state is FileState.PROCESSING and self.lease_until < int(now.timestamp())

    @property
    def base(self) -> datetime:
        """The base timestamp as a moment."""
        return from_iso(self.base_timestamp)

    @property
    def usual_reject(self) -> Reject:
        """The rule for rejected rows that the base timestamp names."""
        is_new = len(self.base_timestamp) > _WITH_MICROSECONDS and self.base_timestamp[-2] == _REJECTED_BY_ORDER
        return Reject.ORDER if is_new else Reject.ROW

    @property
    def reject_rule(self) -> Reject:
        """The rule for rejected rows under which its orders are stored."""
        return Reject(self.reject) if self.reject else self.usual_reject

    @property
    def tie_digits(self) -> int:
        """The number of digits from the file id in the keys of its orders; the same at every run."""
        return TIE_DIGITS if len(self.base_timestamp) > _WITH_MICROSECONDS else _BEFORE_TIE_DIGITS

    @property
    def original(self) -> ObjectVersion:
        """The object version that a run reads."""
        if self.original_key:
            return ObjectVersion(self.bucket, self.original_key, self.original_version)
        return self.source

    @property
    def leftover(self) -> ObjectVersion | None:
        """The object version that clean-up has to delete, or None."""
        if not self.leftover_key:
            return None
        if self.leftover_key == INBOX:
            return self.source
        return ObjectVersion(self.bucket, self.leftover_key, self.leftover_version)


class RunEntry(NamedTuple):
    """One attempt at a file, written when it ends (or, if it died, when the next one begins)."""

    file_id: str
    run_id: str
    started_at: str
    message_id: str
    receive_count: int
    outcome: str
    """A file state, :data:`ERROR` or :data:`DIED`."""
    request_id: str = ""
    trace_id: str = ""
    trace_sampled: bool = False
    """Whether X-Ray keeps the trace; with default sampling most traces have an id and are not kept."""
    ended_at: str = ""
    duration_ms: int = 0
    accepted_rows: int = 0
    rejected_rows: int = 0
    batches: int = 0
    retried_items: int = 0
    consumed_write_units: str = "0"
    """As DynamoDB reports it, for orders, indexes and ledger, plus the writes that end the run."""
    estimated_cost: str = "0"
    """US dollars, by the price list in ``processor.observability.cost``."""
    costs: Mapping[str, str] = MappingProxyType({})
    """The receipt: US dollars by what was used, the dearest first."""
    announced_rows: str = ""
    announced_total: str = ""
    read_rows: int = 0
    read_quantity: int = 0
    read_total: str = ""
    """The rows of the file, and the sums of their quantities and line totals."""
    warnings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    """Ways to make such a file cheaper."""
    cause: str = ""
    error: str = ""
    row_stride: int = 0
    row_offsets: tuple[int, ...] = ()
    """Byte offsets in the accepted-rows object of the accepted rows number 0, ``row_stride``, twice that, …"""
    row_marks: tuple[int, ...] = ()
    """The numbers of the accepted rows at the offsets, for a file in ranges: each range counts its own stride. () where
    they are multiples of ``row_stride``."""

    def mark_before(self, number: int) -> tuple[int, int]:
        """Return the nearest accepted row at or before ``number`` with a known offset, and that offset."""
        if self.row_marks:
            at = bisect_right(self.row_marks, number) - 1
            return self.row_marks[at], self.row_offsets[at]
        at = min(number // self.row_stride, len(self.row_offsets) - 1)
        return at * self.row_stride, self.row_offsets[at]

    @property
    def entry(self) -> str:
        """The sort key."""
        return f"{RUN_PREFIX}{self.started_at}#{self.run_id}"

    @classmethod
    def of_current(cls, file: FileEntry, outcome: str, *, cause: str = "", error: str = "") -> RunEntry:
        """Describe the newest run by what the file's entry knows of it."""
        return cls(
            file_id=file.file_id,
            run_id=file.run_id,
            started_at=file.run_started_at,
            message_id=file.run_message_id,
            receive_count=file.run_receive_count,
            outcome=outcome,
            cause=cause,
            error=error,
        )

    @classmethod
    def of_dead(cls, file: FileEntry) -> RunEntry:
        """Describe the end of the run that held the file when its function died."""
        error = "The function ended without a report: it was killed, or ran out of memory or time."
        return cls.of_current(file, DIED, cause="function_died", error=error)

    def to_item(self) -> dict[str, Any]:
        """Lay the entry out as an item, without what is empty."""
        item = self._asdict()
        for name in ("row_offsets", "row_marks", "hints", "warnings"):
            item[name] = list(item[name])
        return {"entry": self.entry, **{name: value for name, value in item.items() if value not in ("", [], {})}}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> RunEntry:
        """Build the entry from a deserialised item."""
        values = known_values(item, cls._fields)
        for name in ("row_offsets", "row_marks"):
            values[name] = tuple(map(int, values.get(name, ())))
        for name in ("hints", "warnings"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)
