"""What earlier releases have left in the ledger of files whose runs died: their claims, by the bytes of the object."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from processor.pipeline.run import Run
    from processor.storage.objects import ObjectFacts


def was_begun_before(run: Run, facts: ObjectFacts, encoding: str) -> bool:
    """Tell whether a run of an earlier release, which rejected rows alone, has begun to store the file, and died."""
    entry = run.entry
    if entry.in_first_run or entry.voided_at:
        return False
    owner = run.services.claims.find_former_owner(former_keys(facts, encoding))
    return owner is not None and owner.file_id == entry.file_id


def former_keys(facts: ObjectFacts, encoding: str) -> list[str]:
    """Name the object's bytes as earlier releases claimed them: by ETag, size, and encoding."""
    read_as = ["", f"#{encoding}"] if encoding != "utf-8" else [""]
    return [f"{facts.etag}#{facts.size_bytes}{how}" for how in read_as]
