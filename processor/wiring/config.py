"""The processor's settings: the one place that reads its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.wiring.environment import BaseUrl, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


FAST, PLAIN = "fast", "plain"


class Config(NamedTuple):
    """What the stack tells the processor; each field is an environment variable of that name in upper case."""

    bucket_name: str
    orders_table: str
    files_table: str
    queue_url: str
    alerts_topic_arn: str
    environment: str
    max_receive_count: int
    """At this receive the message is in its last run before the dead-letter queue."""
    retry_backoff_s: tuple[int, ...]
    """Seconds until the next receive after the first, second, … failed run; the last one repeats."""
    max_file_bytes: int
    """Larger files fail."""
    max_gzip_bytes: int
    """A larger .csv.gz fails, and so does one that unpacks to more: it cannot be read in ranges."""
    max_rows: int
    """The most lines that are stored in one go; a file of more is read in ranges, or fails if it is gzip."""
    run_bytes_per_s: int
    """How much of a file one invocation certainly stores in a second: for how much it has the time."""
    large_files_arn: str
    """The state machine that reads a file in ranges."""
    large_file_timeout_s: int
    """How long it may take."""
    range_bytes: int
    default_encoding: str
    """For uploads that do not say theirs in the object metadata ``encoding``."""
    order_indexes: tuple[str, ...]
    order_writes: str
    """:data:`FAST`, or :data:`PLAIN` to write the orders by the SDK's client alone."""
    console_url: BaseUrl
    """The console's address: mails link to the page of their file."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Config:
        """Read the variables; raises KeyError or ValueError at start-up rather than in the middle of a file."""
        return read_settings(cls, environ)
