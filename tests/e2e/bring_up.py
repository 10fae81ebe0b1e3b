"""Deploys the stack into a running emulator, with the context that all tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cdk.local.deploy import bring_up
from cdk.local.processes import ROOT
from tests.e2e.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from cdk.local.emulator import Emulator

# Short times, so that retries and deaths can be waited for; otherwise the stack is as it ships.
CONTEXT = {"timeout_s": 10, "retry_backoff_s": [1, 2], "range_mb": 1, "large_file_concurrency": 3}
LOCAL = Path(os.environ.get("WAYBILL_TEST_FOLDER", ROOT / ".local"))
"""What the emulators of these tests keep; `make test` names a folder of its own for each run."""


def deployed(
    emulator: Emulator, *, out_dir: Path = LOCAL / "cdk.out.test", context: Mapping[str, object] = CONTEXT
) -> Generator[Deployment]:
    """Bring the stack up in a running emulator and yield it."""
    outputs = bring_up(emulator, out_dir=out_dir, context=context)
    certificate = emulator.certificate if emulator.enforce_iam else None
    deployment = Deployment(emulator.endpoint, outputs, emulator.child_env(), emulator.log, certificate)
    yield deployment
    deployment.close()
