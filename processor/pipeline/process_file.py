"""One file, from received to settled: the use case of the product, told in its order.

1. Begin: take the file in the ledger, unless it is settled or another run holds it.
2. Identify: look at the object, and whether it may be read at all.
3. Check: read the whole file once, so that an unreadable one fails before its first order, and judge what was read.
4. Admit: register its orders, and compare them with those that came before. A file that may not be stored is held until
   a person decides, or waits for another one that is under way.
5. Load: store the orders, batch by batch; complete the two outputs.
6. Settle: copy the original to where it belongs, write the run and the file's new state.
7. Notify a person if one is needed, and clean up: delete what the copy replaced.

A file that is too much for one run is handed over after step 2 or 3, and read in ranges. A run that fails before
step 6 is through gives the file back to the next one. A death at any step leaves the object where it was and the
message in the queue, and the next run converges: every key that is written is the same at every run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from processor.domain.entries import ERROR, to_iso
from processor.domain.errors import FileBusyError, FileForgottenError, LeaseLostError, PermanentError
from processor.ledger.run_begin import RunStart
from processor.observability.telemetry import Span, logger, span, trace_id
from processor.pipeline.admission import decide
from processor.pipeline.handover import hand_over, is_too_large_for_one_run, is_too_long_for_one_run
from processor.pipeline.loader import Sinks, Source, check, load, output_keys
from processor.pipeline.lost_objects import describe_failure
from processor.pipeline.reporting import count_start
from processor.pipeline.retry import give_back, report_failure_to_begin
from processor.pipeline.run import NOT_CHECKED, Run, Settlement
from processor.pipeline.same_upload import forget_same_upload, settle_or_forget
from processor.pipeline.settlement import finish_clean_up, notify_and_clean_up
from processor.pipeline.waiting import wait_for

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.ledger.run_begin import BeginResult
    from processor.messaging.messages import Arrival, Message
    from processor.parsing.whole_file import Reading
    from processor.storage.objects import ObjectFacts
    from processor.wiring.invocation import Invocation
    from processor.wiring.services import Services


_UPLOAD_ID = re.compile("[0-9A-Za-z-]{1,64}")


class Outcome(NamedTuple):
    """The state in which a run leaves the message of its file."""

    hidden_until: int = 0
    """The moment (seconds since the epoch) before which the message must not come again, as the file is read in ranges
    meanwhile; 0 if the message is done with."""


DONE = Outcome()


class HandOver(NamedTuple):
    """The decision to have a file read in ranges."""

    size_bytes: int


class Wait(NamedTuple):
    """The decision to let a file wait until another one has settled."""

    other: FileEntry


class Forget(NamedTuple):
    """The decision to forget a file, as it is the same upload as another one."""

    other: FileEntry


def process_file(
    file_id: str,
    arrival: Arrival,
    message: Message,
    services: Services,
    invocation: Invocation,
) -> Outcome:
    """Bring one file to its end, whatever was done by earlier runs.

    Returns when the file is settled, or another message answers for it, or it is read in ranges. Raises whatever went
    wrong, with the cause in the ledger, so that SQS delivers the message again.
    """
    with span("run") as trace:
        trace.annotate(file_id=file_id, environment=services.config.environment)
        if upstream := trace_id(message.trace_header):  # Lambda links the traces; this finds one by the other.
            trace.annotate(upstream_trace_id=upstream)
        usage_before, start_s = services.usage_meter.usage(), invocation.elapsed_s()
        with span("begin"):
            entry, may_run = _begin(file_id, arrival, message, services, invocation)
        run = Run(services, invocation, message, entry, usage_before, start_s)
        if not may_run:
            trace.annotate(outcome="ignored")
            finish_clean_up(run)
            return DONE
        trace.annotate(run_id=entry.run_id, receive_count=message.receive_count)
        logger.append_keys(run_id=entry.run_id)
        logger.info("run_began")
        count_start(run)
        return _settle_or_hand_over(run, trace)


def _begin(
    file_id: str,
    arrival: Arrival,
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
        uploaded_at=arrival.uploaded_at,
        sent_by=arrival.sent_by,
        sequencer=arrival.sequencer,
        is_copy=arrival.is_copy,
    )
    try:
        return services.ledger.begin_run(file_id, arrival.source, start)
    except (FileBusyError, FileForgottenError):
        raise
    except Exception as error:
        report_failure_to_begin(error, message, services.config, invocation)
        raise


def _settle_or_hand_over(run: Run, trace: Span) -> Outcome:
    """Load the file and settle it, or have it read in ranges; give it back if that fails."""
    sinks = Sinks.of(run, *output_keys(run.entry))
    try:
        decision = _decide(run, sinks)
        if isinstance(decision, HandOver):
            with span("hand over"):
                held_until = hand_over(run, decision.size_bytes)
            trace.annotate(outcome="handed over")
            return Outcome(hidden_until=held_until + 1)
        if isinstance(decision, Wait):
            wait_for(run, decision.other)
            trace.annotate(outcome="waits")
            return DONE
        if isinstance(decision, Forget):
            forget_same_upload(run, decision.other)
            trace.annotate(outcome="forgotten")
            return DONE
        with span("settle"):
            settled = settle_or_forget(run, decision)
    except LeaseLostError:
        raise  # The file is another run's now, and so is whatever is written of it.
    except Exception as error:
        trace.annotate(outcome=ERROR)
        give_back(run, error, sinks.result())
        raise
    trace.annotate(outcome=decision.state if settled else "forgotten")
    if settled:
        notify_and_clean_up(settled)
    return DONE


def _decide(run: Run, sinks: Sinks) -> Settlement | HandOver | Wait | Forget:
    """Identify, check, admit and load the file; decide how it is to be settled, or that others go on with it."""
    facts, source = None, None
    try:
        with span("identify"):
            facts = identify(run)
            _note_upload(run, facts)
        source = Source(run, facts)
        if is_too_large_for_one_run(run, facts):
            return HandOver(facts.size_bytes)
        reading = check(source)
        if is_too_long_for_one_run(run, reading.content):
            return HandOver(facts.size_bytes)
        return _load_if_admitted(source, reading, sinks)
    except PermanentError as error:
        return Settlement.of_error(describe_failure(run, error), facts, source.content if source else NOT_CHECKED)


def _load_if_admitted(source: Source, reading: Reading, sinks: Sinks) -> Settlement | Wait | Forget:
    admission = decide(source, reading)
    if admission.same_as:
        return Forget(admission.same_as)
    if admission.waits_for:
        return Wait(admission.waits_for)
    if admission.settlement:
        return admission.settlement
    result = load(source, reading, sinks)
    in_first_run = source.run.entry.in_first_run
    settlement = Settlement.of_result(result, source.facts, reading.content, in_first_run=in_first_run)
    return admission.complete(settlement, source.facts, reading)


def _note_upload(run: Run, facts: ObjectFacts) -> None:
    """Note the file's arrival under the console's permission, if its metadata name one; they could name anything."""
    upload_id = facts.metadata.get("upload-id", "")
    if _UPLOAD_ID.fullmatch(upload_id):
        run.services.ledger.note_arrival(upload_id, run.entry)


def identify(run: Run) -> ObjectFacts:
    """Look at the object that holds the file now; raises :class:`ObjectGoneError`."""
    return run.services.objects.read_facts(run.entry.original)
