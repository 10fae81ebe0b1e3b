"""Retries: whether and when a failed run is followed by another, and the ledger's account of the failure.

The life of a retry:

1. A run fails for a reason that is not the file's own fault. :func:`give_back` writes the cause into the ledger and
   leaves the file ``queued``.
2. The message stays in the queue, hidden for :meth:`RetryPolicy.delay_s`; Lambda hears that it has failed.
3. SQS delivers it once more, with a receive count that is greater by one. The next run starts at the first row: every
   key that it writes is the same, so nothing is stored twice.
4. A function that is killed gives nothing back. Its message comes after the queue's visibility timeout, and the next
   run finds the lease ended, records the run as died, and goes on as in 3.
5. When the last receive fails (:meth:`RetryPolicy.is_last`), the file is ``dead_lettered``, a person gets a mail, and
   the message is visible at once, for SQS moves it to the dead-letter queue instead of delivering it.
6. A redrive brings the message back with a receive count of one, and so to 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from processor.domain.entries import ERROR
from processor.domain.errors import StepFailedError
from processor.domain.file_states import FileState
from processor.observability.telemetry import logger
from processor.pipeline.reporting import count_failure, mail_dead_letter
from processor.pipeline.run import NOTHING_LOADED
from processor.pipeline.waiting import wake_waiting_files

if TYPE_CHECKING:
    from processor.messaging.messages import Message
    from processor.pipeline.run import LoadResult, Run
    from processor.wiring.config import Config
    from processor.wiring.invocation import Invocation

_LONGEST_ERROR = 500


class RetryPolicy(NamedTuple):
    """The limit of a message's receives, and the waits between them."""

    max_receive_count: int
    backoff_s: tuple[int, ...]
    """Seconds until the next receive after the first, second, … failed one; the last of them repeats."""

    @classmethod
    def of(cls, config: Config) -> RetryPolicy:
        """Take the policy from the settings."""
        return cls(config.max_receive_count, config.retry_backoff_s)

    def is_last(self, message: Message) -> bool:
        """Tell whether the message becomes a dead letter if this receive of it fails."""
        return message.receive_count >= self.max_receive_count

    def delay_s(self, message: Message) -> int:
        """Return for how many seconds the message is hidden after this receive of it has failed."""
        if self.is_last(message):
            return 0  # SQS moves it to the dead-letter queue at the next receive.
        return self.backoff_s[min(message.receive_count, len(self.backoff_s)) - 1]


def give_back(run: Run, error: Exception, result: LoadResult = NOTHING_LOADED) -> None:
    """Record why the run failed, with its rows; leave the file to the next run, or to a person after the last one."""
    is_last = RetryPolicy.of(run.services.config).is_last(run.message)
    cause, words = in_words(error)
    state = FileState.DEAD_LETTERED if is_last else FileState.QUEUED
    logger.warning("run_failed", extra={"cause": cause, "state": state}, exc_info=error)
    try:
        run_entry = run.to_entry(ERROR, result, cause=cause, error=words)
        run.services.ledger.fail_run(run.entry, state, cause=cause, error=words, run=run_entry)
        count_failure(run.invocation.metrics, is_last=is_last)
        if is_last:
            try:
                mail_dead_letter(run, words)
            finally:  # No later delivery would wake them.
                wake_waiting_files(run)
    except Exception:  # noqa: BLE001 - what cannot be recorded must not hide what went wrong
        logger.exception("failure_not_recorded")


def report_failure_to_begin(error: Exception, message: Message, config: Config, invocation: Invocation) -> None:
    """Log and count a run that could not even begin: the ledger, if it is out of reach, has no record of it."""
    logger.warning("run_failed", extra={"cause": in_words(error)[0], "state": "not begun"}, exc_info=error)
    count_failure(invocation.metrics, is_last=RetryPolicy.of(config).is_last(message))


def in_words(error: Exception) -> tuple[str, str]:
    """Return a constant word for the cause, and a sentence."""
    if isinstance(error, ClientError):
        answer = error.response["Error"]
        return answer["Code"], f"{error.operation_name} failed: {answer.get('Message', '')}"[:_LONGEST_ERROR]
    if isinstance(error, StepFailedError):
        return error.cause, str(error)[:_LONGEST_ERROR]
    return type(error).__name__, str(error)[:_LONGEST_ERROR]
