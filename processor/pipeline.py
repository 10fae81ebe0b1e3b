"""One file, from received to settled: the use case of the product, told in its order.

Begin in the ledger → check the content → store the orders, streaming → complete the outputs → copy the original →
settle in the ledger → tell a person → delete what the copy replaced. A death at any step leaves the object where it
was and the message in the queue, and the next run converges: every key that is written is the same at every run.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from processor import files
from processor.entries import ERROR, to_iso
from processor.errors import FileBusyError, LeaseLostError, ObjectGoneError, PermanentError
from processor.files import FileState, ObjectVersion
from processor.ledger import RunStart
from processor.reading import read_file
from processor.reports import (
    count_begun,
    count_failed,
    count_settled,
    log_settled,
    mail_dead_letter,
    mail_settled,
    most_frequent,
)
from processor.run import Run, Settlement
from processor.telemetry import Span, logger, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from processor.messages import Message
    from processor.objects import ObjectFacts
    from processor.services import Invocation, Services

_LONGEST_ERROR = 500


def process_file(
    file_id: str,
    source: ObjectVersion,
    uploaded_at: str,
    message: Message,
    services: Services,
    invocation: Invocation,
) -> None:
    """Bring one file to its end, whatever was done by earlier runs.

    Returns when the file is settled, or another message answers for it. Raises whatever else went wrong, with the
    cause in the ledger, so that SQS delivers the message again. ``uploaded_at`` is S3's time of arrival, if known.
    """
    with span("run") as trace:
        trace.annotate(file_id=file_id, environment=services.config.environment)
        if message.upstream_trace_id:  # Lambda links the two traces; this makes the other one searchable from here.
            trace.annotate(upstream_trace_id=message.upstream_trace_id)
        used_before, began_s = services.meter.used(), invocation.elapsed_s()
        with span("begin"), _told_of_failures(message, services, invocation):
            begun = services.ledger.begin(file_id, source, _start(uploaded_at, message, services, invocation))
        run = Run(services, invocation, message, begun.entry, used_before=used_before, began_s=began_s)
        if not begun.may_run:
            trace.annotate(outcome="ignored")
            _finish_clean_up(run)
            return
        trace.annotate(run_id=begun.entry.run_id, receive_count=message.receive_count)
        logger.append_keys(run_id=begun.entry.run_id)
        logger.info("run_began")
        count_begun(run)
        _work(run, trace)


@contextmanager
def _told_of_failures(message: Message, services: Services, invocation: Invocation) -> Iterator[None]:
    """Log and count a run that cannot even begin: where the ledger is away, nobody else will."""
    try:
        yield
    except FileBusyError:
        raise
    except Exception as error:
        cause, _ = _in_words(error)
        logger.warning("run_failed", extra={"cause": cause, "state": "not begun"}, exc_info=error)
        count_failed(invocation.tally, is_last=message.receive_count >= services.config.max_receive_count)
        raise


def _work(run: Run, trace: Span) -> None:
    """Settle the file, tell a person, clean up; give the file back if that fails."""
    try:
        settlement = _decide(run)
        with span("settle"):
            _settle(run, settlement)
        trace.annotate(outcome=settlement.state)
        _tell_and_clean_up(run)
    except LeaseLostError:
        raise  # The file is another run's now; nothing of it is ours to write.
    except Exception as error:
        if run.settled:  # Only the mail or the clean-up failed: the next delivery makes up for it.
            logger.warning("clean_up_failed", extra={"cause": _in_words(error)[0]}, exc_info=error)
        else:
            trace.annotate(outcome=ERROR)
            _give_back(run, error)
        raise


def _start(uploaded_at: str, message: Message, services: Services, invocation: Invocation) -> RunStart:
    now = services.now()
    return RunStart(
        run_id=services.new_id(),
        started_at=to_iso(now),
        message_id=message.message_id,
        receive_count=message.receive_count,
        now=int(now.timestamp()),
        lease_until=int(now.timestamp() + invocation.remaining_s()) + 1,
        uploaded_at=uploaded_at,
    )


def _decide(run: Run) -> Settlement:
    """Read the file and say how it is to be settled."""
    try:
        with span("identify"):
            run.facts = run.services.objects.facts(run.entry.original)
            owner = "" if run.entry.asked_again else _owner_of_content(run, run.facts)
        if owner:
            return _duplicate(run, owner)
        return read_file(run, run.facts)
    except PermanentError as error:
        return Settlement(FileState.FAILED, files.FAILED, cause=error.cause, error=str(error))


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


def _settle(run: Run, settlement: Settlement) -> None:
    services, entry = run.services, run.entry
    if entry.leftover:  # Of an earlier run that died in its clean-up; this run's own will take its place.
        services.objects.delete(entry.leftover)
    values = _move_original(run, settlement)
    if settlement.state is FileState.PROCESSED and entry.rejected_key.startswith(files.FAILED):
        _archive_settled_rejects(run)
    ended = run.end(settlement.state, cause=settlement.cause, error=settlement.error)
    services.ledger.record_run(ended)
    run.entry = services.ledger.settle(
        entry,
        settlement.state,
        to_iso(services.now()),
        **_stored(run, settlement),
        reasons=most_frequent(settlement.reasons),
        warnings=settlement.warnings,
        cause=settlement.cause,
        error=settlement.error,
        duplicate_of=settlement.duplicate_of,
        size_bytes=run.facts.size_bytes if run.facts else 0,
        content_sha256=run.content.sha256 if run.content else "",
        duration_ms=ended.duration_ms,
        estimated_cost=ended.estimated_cost,
        **values,
    )
    run.settled = True
    log_settled(ended, settlement)
    count_settled(run, ended, asked_again=entry.asked_again)


def _tell_and_clean_up(run: Run) -> None:
    with span("notify"):
        mail_settled(run)
    if run.entry.leftover:
        with span("clean up"):
            run.services.objects.delete(run.entry.leftover)


def _stored(run: Run, settlement: Settlement) -> dict[str, int | str]:
    """Return what the ledger is to say of the file's rows: of those stored earlier, where this run stored none."""
    entry = run.entry
    if settlement.state is FileState.FAILED:
        return {
            "accepted_rows": entry.accepted_rows,
            "rejected_rows": entry.rejected_rows,
            "accepted_key": entry.accepted_key,
            "rejected_key": entry.rejected_key,
        }
    return {
        "accepted_rows": run.accepted.count if run.accepted else 0,
        "rejected_rows": run.rejected.count if run.rejected else 0,
        "accepted_key": settlement.accepted_key,
        "rejected_key": settlement.rejected_key,
    }


def _move_original(run: Run, settlement: Settlement) -> dict[str, str]:
    """Copy the original to where it belongs now; returns the ledger's fields for the copy and for what it replaces."""
    entry, facts = run.entry, run.facts
    if not facts:  # It is gone: there is nothing to move.
        return {}
    key = files.original_key(settlement.original_prefix, entry.base, entry.file_id, entry.name)
    if key == facts.version.key:
        return {"original_key": key, "original_version": facts.version.version_id}
    copy = run.services.objects.copy(facts, key)
    return {
        "original_key": key,
        "original_version": copy.version_id,
        "leftover_key": facts.version.key,
        "leftover_version": facts.version.version_id,
    }


def _archive_settled_rejects(run: Run) -> None:
    """Move an earlier run's rejected rows, now that none is: what a person has settled leaves failed-data/."""
    objects, entry = run.services.objects, run.entry
    try:
        facts = objects.facts(ObjectVersion(entry.bucket, entry.rejected_key))
    except ObjectGoneError:
        return
    objects.copy(facts, files.ARCHIVE + entry.rejected_key.removeprefix(files.FAILED))
    objects.delete(facts.version)


def _finish_clean_up(run: Run) -> None:
    """Do for a settled file what a run that died after settling left undone."""
    entry, leftover = run.entry, run.entry.leftover
    if entry.state not in files.SETTLED or not leftover or not run.services.objects.exists(leftover):
        logger.info("delivery_ignored", extra={"state": entry.state})
        return
    try:
        _tell_and_clean_up(run)  # The mail perhaps for the second time: better than never.
    except Exception as error:
        logger.warning("clean_up_failed", extra={"cause": _in_words(error)[0]}, exc_info=error)
        raise
    logger.info("clean_up_finished")


def _give_back(run: Run, error: Exception) -> None:
    """Record why the run failed and leave the file to the next one, or to a person after the last."""
    cause, words = _in_words(error)
    state = FileState.DEAD_LETTERED if run.is_last else FileState.QUEUED
    logger.warning("run_failed", extra={"cause": cause, "state": state}, exc_info=error)
    try:
        run.services.ledger.record_run(run.end(ERROR, cause=cause, error=words))
        run.services.ledger.fail_run(run.entry, state, cause=cause, error=words)
        count_failed(run.invocation.tally, is_last=run.is_last)
        if run.is_last:
            mail_dead_letter(run, words)
    except Exception:  # noqa: BLE001 - what cannot be recorded must not hide what went wrong
        logger.exception("failure_not_recorded")


def _in_words(error: Exception) -> tuple[str, str]:
    """Return a constant word for the cause, and a sentence."""
    if isinstance(error, ClientError):
        answer = error.response["Error"]
        return answer["Code"], f"{error.operation_name} failed: {answer.get('Message', '')}"[:_LONGEST_ERROR]
    return type(error).__name__, str(error)[:_LONGEST_ERROR]
