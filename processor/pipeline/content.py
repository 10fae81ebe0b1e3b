"""The content of a file: to whom it belongs, and what remains of it if its object goes away.

Content is claimed when the first row has been read, and not before: a file that fails for its name, encoding or header
never holds another one with the same bytes as its duplicate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.entries import DIED, ERROR, TIE_DIGITS
from processor.domain.errors import DuplicateContentError, ObjectGoneError, ObjectLostError
from processor.domain.file_states import FileState
from processor.pipeline.run import Settlement

if TYPE_CHECKING:
    from processor.domain.entries import RunEntry
    from processor.domain.errors import PermanentError
    from processor.parsing.decoding import ContentCheck
    from processor.pipeline.run import Run
    from processor.storage.objects import ObjectFacts

_USUAL_ENCODING = "utf-8"


def claim_content(run: Run, facts: ObjectFacts, encoding: str, content: ContentCheck) -> None:
    """Claim the content for this file; raises :class:`DuplicateContentError` if it is another one's.

    A file that a person has asked for is stored all the same. It claims what nobody has, too: its run may be the first
    that reads a row, and later files with the same content are its duplicates.
    """
    if content.is_ascii:
        encoding = _USUAL_ENCODING
    owner = run.services.claims.claim(_keys(facts, encoding), run.entry.file_id)
    if not owner and encoding != _USUAL_ENCODING:
        owner = _owner_of_before(run, facts)
    if owner and not run.entry.asked_again:
        raise DuplicateContentError(owner)


def refuse_known_content(run: Run, facts: ObjectFacts, encoding: str) -> None:
    """Raise :class:`DuplicateContentError` if another file has the content: a large file is not read for that."""
    owner = "" if run.entry.asked_again else run.services.claims.find_owner(_keys(facts, encoding))
    if owner not in ("", run.entry.file_id):
        raise DuplicateContentError(owner)


def _owner_of_before(run: Run, facts: ObjectFacts) -> str:
    """Return the other file, or "", that has claimed the bytes under an earlier release, in whatever encoding."""
    owner = run.services.claims.find_owner(_keys(facts, _USUAL_ENCODING))
    entry = run.services.ledger.read_file(owner) if owner not in ("", run.entry.file_id) else None
    return owner if entry and entry.tie_digits != TIE_DIGITS else ""


def _keys(facts: ObjectFacts, encoding: str) -> list[str]:
    """Name the content without reading it: by the bucket's ETag (MD5, or MD5 of MD5s) and the upload's checksum.

    The same bytes in another encoding are other orders, unless they are ASCII, which all encodings read alike.
    """
    read_as = "" if encoding == _USUAL_ENCODING else f"#{encoding}"
    digests = [facts.etag, facts.checksum_sha256] if facts.checksum_sha256 else [facts.etag]
    return [f"{digest}#{facts.size_bytes}{read_as}" for digest in digests]


def describe_duplicate(run: Run, facts: ObjectFacts | None, first_file_id: str) -> Settlement:
    """Hold the file as the duplicate of another."""
    first = run.services.ledger.read_file(first_file_id)
    state = f", which is {first.state}" if first else ""
    error = f"The same content came before, as file {first_file_id}{state}; nothing was stored a second time."
    return Settlement(FileState.DUPLICATE, facts, cause="duplicate", error=error, duplicate_of=first_file_id)


def describe_failure(run: Run, error: PermanentError) -> PermanentError:
    """Return the error, or what is known to be stored of a file whose object has gone away since an earlier run."""
    entry = run.entry
    if not isinstance(error, ObjectGoneError) or entry.in_first_run:
        return error
    runs = run.services.ledger.list_runs(entry.file_id)
    # A run that has ended without settling may have stored rows; those of a file with settled orders are these.
    is_settled = entry.settled_at and not any(_is_unsettled(earlier, entry.settled_at) for earlier in runs)
    if (is_settled or entry.accepted_rows) and entry.cause != ObjectLostError.cause:
        return ObjectGoneError(stored=entry.accepted_rows)
    return ObjectLostError(max((entry.accepted_rows, *(earlier.accepted_rows for earlier in runs))))


def _is_unsettled(run: RunEntry, settled_at: str) -> bool:
    return run.outcome in {DIED, ERROR} and run.started_at > settled_at
