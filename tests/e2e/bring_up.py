"""Deploys the stack into a running emulator, with the context that all tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cdk.local.deploy import bring_up
from cdk.local.processes import ROOT
from tests.e2e.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cdk.local.emulator import Emulator

# Short times, so that retries and deaths can be waited for; otherwise the stack is as it ships.
CONTEXT = {"timeout_s": 10, "retry_backoff_s": [1, 2], "range_mb": 1, "large_file_concurrency": 3}
LOCAL = Path(os.environ.get("WAYBILL_TEST_FOLDER", ROOT / ".local"))
"""What the emulators of these tests keep; `make test` names a folder of its own for each run."""


def deployed(emulator: Emulator) -> Iterator[Deployment]:
    """Bring the stack up in a running emulator and yield it."""
    outputs = bring_up(emulator, out_dir=LOCAL / "cdk.out.test", context=CONTEXT)
    certificate = emulator.certificate if emulator.enforce_iam else None
    deployment = Deployment(emulator.endpoint, outputs, emulator.child_env(), emulator.log, certificate)
    yield deployment
    deployment.close()
