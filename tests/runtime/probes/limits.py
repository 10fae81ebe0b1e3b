"""Goes beyond what Lambda allows, so that a test sees the bounds hold."""

from pathlib import Path
from types import SimpleNamespace


def handle(event: dict[str, str], _context: SimpleNamespace) -> None:
    """Take more memory than there is, or write where nothing may be written."""
    if event["beyond"] == "memory":
        bytearray(400 << 20)
    else:
        Path(event["beyond"], "waybill-probe").write_text("written")
