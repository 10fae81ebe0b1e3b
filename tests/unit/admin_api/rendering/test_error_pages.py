"""Error pages: what a cold console loads for them."""

from __future__ import annotations

import subprocess
import sys

from cdk.local.processes import ROOT

SHOW_LOADED = "import sys; import admin_api.rendering.error_pages; print(*sys.modules, sep='\\n')"


def test_error_pages_load_no_reader_of_orders() -> None:
    """They know the processor's errors by name, and every cold start pays for whatever comes with a name."""
    loaded = subprocess.run([sys.executable, "-c", SHOW_LOADED], cwd=ROOT, capture_output=True, text=True, check=True)

    names = {name for name in loaded.stdout.split() if name.startswith("processor.")}
    assert "processor.domain.errors" in names
    assert not [
        name for name in names if name.startswith(("processor.orders", "processor.storage", "processor.ledger"))
    ]
