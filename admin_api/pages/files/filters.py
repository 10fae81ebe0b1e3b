"""The filter of the list of files: read from a URL or form, written back, and described in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field

from processor.domain import errors
from processor.domain.entries import to_iso
from processor.domain.file_states import FileState
from processor.domain.holds import HoldCause
from processor.ledger.file_list import FileFilter


class AgeLimit(StrEnum):
    """The limits that the filter bar offers for the time since a file was received."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "7d"
    MONTH = "30d"


_PERIODS = {
    AgeLimit.HOUR: (timedelta(hours=1), "the last hour"),
    AgeLimit.DAY: (timedelta(days=1), "the last 24 hours"),
    AgeLimit.WEEK: (timedelta(days=7), "the last 7 days"),
    AgeLimit.MONTH: (timedelta(days=30), "the last 30 days"),
}
RECEIVED_OPTIONS = [("", "at any time"), *((str(span), words) for span, (_, words) in _PERIODS.items())]
_YEARS = (1_999, 3_000)
_STATE_WORDS = {FileState.DEAD_LETTERED: "dead-lettered"}
CAUSES = sorted({error.cause for error in errors.PermanentError.__subclasses__()} | {"duplicate", *HoldCause})
"""The causes that fail or hold a file; dead-lettered files have those of AWS or Python."""


def _empty_is_none(value: Any) -> Any:
    """Treat an empty form field as absent."""
    return None if value == "" else value


def _in_our_time(moment: datetime) -> datetime:
    """Return a moment of this millennium in UTC: others have no form that sorts as text, or none at all in UTC."""
    if not _YEARS[0] < moment.year < _YEARS[1]:
        raise ValueError(f"a time is between the years {_YEARS[0]} and {_YEARS[1]}")
    return moment.astimezone(UTC)


type Optional[T] = Annotated[T | None, BeforeValidator(_empty_is_none)]
type Moment = Annotated[AwareDatetime, AfterValidator(_in_our_time)]


class FileQuery(BaseModel):
    """The fields of the filter; an absent field filters nothing."""

    state: Optional[FileState] = None
    received: Optional[AgeLimit] = None
    since: Optional[Moment] = None
    until: Optional[Moment] = None
    name: Annotated[str, Field(max_length=200)] = ""
    cause: Annotated[str, Field(max_length=100)] = ""
    rejected: bool = False

    def to_file_filter(self, now: datetime) -> FileFilter:
        """Return the ledger's filter; ``received`` counts back from ``now`` unless there is an exact ``since``."""
        since = self.since or (now - _PERIODS[self.received][0] if self.received else None)
        return FileFilter(
            state=self.state,
            since=to_iso(since) if since else "",
            until=to_iso(self.until) if self.until else "",
            name=self.name.strip(),
            cause=self.cause.strip(),
            rejected=self.rejected,
        )

    def with_exact_bounds(self, now: datetime) -> FileQuery:
        """Return the filter with exact bounds, so that files received later do not match."""
        file_filter = self.to_file_filter(now)
        since = datetime.fromisoformat(file_filter.since) if file_filter.since else None
        return self.model_copy(update={"received": None, "since": since, "until": self.until or now})

    def fields(self) -> list[tuple[str, str]]:
        """List the fields that are set, as a form or URL holds them."""
        values = {
            "state": self.state or "",
            "received": self.received or "",
            "since": _in_utc(self.since),
            "until": _in_utc(self.until),
            "name": self.name,
            "cause": self.cause,
            "rejected": "1" if self.rejected else "",
        }
        return [(name, str(value)) for name, value in values.items() if value]

    def address(self, path: str = "/files", **more: str) -> str:
        """Return the address of a page with this filter; "" leaves a field out."""
        fields = dict(self.fields()) | more
        query = urlencode({name: value for name, value in fields.items() if value})
        return f"{path}?{query}" if query else path

    def describe(self) -> str:
        """Describe the filter ("failed, received in the last 7 days"); "" if it filters nothing."""
        parts = [_STATE_WORDS.get(self.state, str(self.state))] if self.state else []
        if self.since and self.until:
            parts.append(f"received from {_short(self.since)} to {_short(self.until)}")
        elif self.since:
            parts.append(f"received since {_short(self.since)}")
        elif self.received:
            parts.append(f"received in {_PERIODS[self.received][1]}")
        elif self.until:
            parts.append(f"received until {_short(self.until)}")
        if self.name:
            parts.append(f"named “{self.name.strip()}”")
        if self.cause:
            parts.append(f"with the cause {self.cause.replace('_', ' ')}")
        if self.rejected:
            parts.append("with rejected rows")
        return ", ".join(parts)


def _in_utc(moment: datetime | None) -> str:
    return to_iso(moment) if moment else ""


def _short(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def cause_options(current: str) -> list[tuple[str, str]]:
    """List the causes that the filter bar offers, and the current one if it is another."""
    causes = CAUSES if not current or current in CAUSES else [current, *CAUSES]
    return [("", "any"), *((cause, cause.replace("_", " ")) for cause in causes)]
