"""The processor's settings: the one place that reads its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.domain.holds import LineEnd, Policy, Reject, SameOrders
from processor.wiring.environment import BaseUrl, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping


FAST, PLAIN = "fast", "plain"


class Config(NamedTuple):
    """The settings that the stack gives the processor; each is an environment variable of its name in upper case."""

    bucket_name: str
    orders_table: str
    files_table: str
    queue_url: str
    alerts_topic_arn: str
    environment: str
    max_receive_count: int
    """A message that was received so often is a dead letter if its run fails."""
    retry_backoff_s: tuple[int, ...]
    """Seconds until the next receive after the first, second, … failed run; the last one repeats."""
    max_file_bytes: int
    """Larger files fail."""
    max_gzip_bytes: int
    """A .csv.gz that is larger, packed or unpacked, fails: it cannot be read in ranges."""
    max_rows: int
    """The most lines that one run stores; a longer file is read in ranges, or fails if it is gzip."""
    run_bytes_per_s: int
    """Bytes of a file that one invocation certainly stores in a second."""
    large_files_arn: str
    """The state machine that reads a file in ranges."""
    worker_function: str
    """The console's worker, which takes back orders that a file has replaced."""
    large_file_timeout_s: int
    """The state machine's time limit for a file."""
    range_bytes: int
    default_encoding: str
    """For uploads without the object metadata ``encoding``."""
    reject: str
    """See :class:`processor.domain.holds.Policy` for these four."""
    hold_above_rejected_percent: int
    same_orders: str
    line_end: str
    same_orders_days: int
    """Days for which a sender's orders are remembered, to recognise them when they come again."""
    temporary_names: tuple[str, ...]
    """Patterns of names, with asterisks, that clients give a file while they write it: left alone."""
    order_indexes: tuple[str, ...]
    order_writes: str
    """:data:`FAST`, or :data:`PLAIN` to write orders only by the SDK's client."""
    monitoring: str
    """How much CloudWatch keeps; see :func:`processor.observability.metrics.kept_metrics`."""
    console_url: BaseUrl
    """The console's address, for the links in mails."""

    @property
    def policy(self) -> Policy:
        """The rules of a verdict."""
        return Policy(
            Reject(self.reject), self.hold_above_rejected_percent, SameOrders(self.same_orders), LineEnd(self.line_end)
        )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Config:
        """Read the variables; raises KeyError or ValueError, at start-up and not in the middle of a file."""
        return read_settings(cls, environ)
