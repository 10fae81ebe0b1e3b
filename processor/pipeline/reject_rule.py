"""The rule under which a file's rows are rejected: what was stored under one rule is run again under the same.

Under another rule a new run would store fewer rows, and those that it leaves out would stay in the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.holds import Reject

if TYPE_CHECKING:
    from processor.pipeline.run import Run
    from processor.storage.objects import ObjectFacts


def reject_of(run: Run, facts: ObjectFacts, encoding: str) -> Reject:
    """Return the rule for the file: the deployment's, unless orders of it are stored, or may be."""
    entry = run.entry
    if entry.has_orders:
        return entry.reject_rule
    return Reject.ROW if was_begun_before(run, facts, encoding) else run.services.config.policy.reject


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
