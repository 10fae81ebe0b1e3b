"""One file, from received to settled: the use case of the product, told in its order.

Begin in the ledger → check the content → store the orders, streaming → complete the outputs → copy the original →
settle in the ledger → tell a person → delete what the copy replaced. A death at any step leaves the object where it
was and the message in the queue, and the next run converges: every key that is written is the same at every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from processor.domain import object_keys
from processor.domain.entries import ERROR, to_iso
from processor.domain.errors import FileBusyError, LeaseLostError, PermanentError, TooManyRowsError
from processor.domain.file_states import FileState
from processor.ledger.ledger import RunStart
from processor.observability.telemetry import Span, logger, span, trace_id
from processor.pipeline.handover import hand_over, is_too_large_for_one_run
from processor.pipeline.loader import read_file
from processor.pipeline.reporting import count_begun
from processor.pipeline.retry import give_back, in_words, report_failure_to_begin
from processor.pipeline.run import Run, Settlement
from processor.pipeline.settlement import finish_clean_up, settle, tell_and_clean_up

if TYPE_CHECKING:
    from processor.domain.object_keys import ObjectVersion
    from processor.ledger.ledger import BeginResult
    from processor.messaging.messages import Message
    from processor.storage.objects import ObjectFacts
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services


class Outcome(NamedTuple):
    """How a run leaves the message of its file."""

    hidden_until: int = 0
    """The moment (seconds since the epoch) before which the message must not come again, as the file is read in ranges
    meanwhile; 0 if the message is done with."""


DONE = Outcome()


def process_file(
    file_id: str,
    source: ObjectVersion,
    uploaded_at: str,
    message: Message,
    services: Services,
    invocation: Invocation,
) -> Outcome:
    """Bring one file to its end, whatever was done by earlier runs.

    The outcome is that the file is settled, or another message answers for it, or it is read in ranges. Raises
    whatever else went wrong, with the cause in the ledger, so that SQS delivers the message again. ``uploaded_at`` is
    S3's time of arrival, if known.
    """
    with span("run") as trace:
        trace.annotate(file_id=file_id, environment=services.config.environment)
        if upstream := trace_id(message.trace_header):  # Lambda links the traces; this makes the other one searchable.
            trace.annotate(upstream_trace_id=upstream)
        used_before, began_s = services.usage_meter.used(), invocation.elapsed_s()
        with span("begin"):
            begun = _begin(file_id, source, uploaded_at, message, services, invocation)
        run = Run(services, invocation, message, begun.entry, used_before=used_before, began_s=began_s)
        if not begun.may_run:
            trace.annotate(outcome="ignored")
            finish_clean_up(run)
            return DONE
        trace.annotate(run_id=begun.entry.run_id, receive_count=message.receive_count)
        logger.append_keys(run_id=begun.entry.run_id)
        logger.info("run_began")
        count_begun(run)
        return _work(run, trace)


def _work(run: Run, trace: Span) -> Outcome:
    """Settle the file, tell a person, clean up; give the file back if that fails."""
    try:
        settlement = _decide(run)
        if settlement is None:
            with span("hand over"):
                held_until = hand_over(run)
            trace.annotate(outcome="handed over")
            return Outcome(hidden_until=held_until + 1)
        with span("settle"):
            settle(run, settlement)
        trace.annotate(outcome=settlement.state)
        tell_and_clean_up(run)
    except LeaseLostError:
        raise  # The file is another run's now; nothing of it is ours to write.
    except Exception as error:
        if run.settled:  # Only the mail or the clean-up failed: the next delivery makes up for it.
            logger.warning("clean_up_failed", extra={"cause": in_words(error)[0]}, exc_info=error)
        else:
            trace.annotate(outcome=ERROR)
            give_back(run, error)
        raise
    return DONE


def _begin(
    file_id: str,
    source: ObjectVersion,
    uploaded_at: str,
    message: Message,
    services: Services,
    invocation: Invocation,
) -> BeginResult:
    """Take the file for a new run, unless it is settled or taken; raises :class:`FileBusyError`."""
    now = services.now()
    start = RunStart(
        run_id=services.new_id(),
        started_at=to_iso(now),
        message_id=message.message_id,
        receive_count=message.receive_count,
        now=int(now.timestamp()),
        lease_until=int(now.timestamp() + invocation.remaining_s()) + 1,
        uploaded_at=uploaded_at,
    )
    try:
        return services.ledger.begin(file_id, source, start)
    except FileBusyError:
        raise
    except Exception as error:
        report_failure_to_begin(error, message, services.config, invocation)
        raise


def _decide(run: Run) -> Settlement | None:
    """Read the file and say how it is to be settled; None if it is to be read in ranges."""
    try:
        with span("identify"):
            run.facts = run.services.objects.facts(run.entry.original)
            owner = "" if run.entry.asked_again else _owner_of_content(run, run.facts)
        if owner:
            return _duplicate(run, owner)
        if is_too_large_for_one_run(run, run.facts):
            return None
        return read_file(run, run.facts)
    except PermanentError as error:
        if isinstance(error, TooManyRowsError) and not object_keys.is_gzipped(run.entry.name):
            return None
        return Settlement(FileState.FAILED, object_keys.FAILED, cause=error.cause, error=str(error))


def _owner_of_content(run: Run, facts: ObjectFacts) -> str:
    return run.services.claims.claim(_content_keys(facts), run.entry.file_id) if facts.size_bytes else ""


def _duplicate(run: Run, owner: str) -> Settlement:
    first = run.services.ledger.read(owner)
    state = f", which is {first.state}" if first else ""
    error = f"The same content came before, as file {owner}{state}; nothing was stored a second time."
    return Settlement(FileState.DUPLICATE, cause="duplicate", error=error, duplicate_of=owner)


def _content_keys(facts: ObjectFacts) -> list[str]:
    """Name the content without reading it. The bucket's ETags are MD5 or, for multipart uploads, MD5 of MD5s."""
    keys = [f"{facts.etag}#{facts.size_bytes}"]
    if facts.checksum_sha256:
        keys.append(f"{facts.checksum_sha256}#{facts.size_bytes}")
    return keys
