"""What was done to the stack during a run, for the account afterwards."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.files import ChaosFile
    from tests.chaos.rules import Verdict


@dataclass
class Upload:
    """An uploaded file, and what has to become of it."""

    file: ChaosFile
    key: str
    version_id: str
    verdict: Verdict
    deleted: bool = False
    """Whether its version was deleted for good, perhaps in the middle of its run."""


@dataclass
class Asked:
    """An action that was asked for in the console, with the answer's status (0: there was none)."""

    action_id: str
    kind: str
    file_id: str
    status: int = 0


@dataclass
class History:
    """Everything that actors did; each appends to its own lists."""

    uploads: list[Upload] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)
    """Keys and versions that were announced and never existed."""
    poison: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    redriven: int = 0
    begun: dict[str, str] = field(default_factory=dict)
    """The file id by run id, of each run that took its file in the ledger, seen on the wire."""
    killed: int = 0
    stopped: int = 0
    errors: int = 0
    problems: list[str] = field(default_factory=list)
    """Troubles of the harness itself."""
    lock: threading.Lock = field(default_factory=threading.Lock)
