"""Gives a command a share of a CPU, as Lambda does, by the kernel's CPU quota (control groups, version 1 or 2)."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ONE_CPU_MB = 1769
OF_256_MB = 256 / ONE_CPU_MB
"""Lambda gives a whole CPU at 1,769 MB: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
_PERIOD_US = 20_000  # Lambda's own.
_V1 = Path("/sys/fs/cgroup/cpu")
_V2 = Path("/sys/fs/cgroup")


def _place() -> Path:
    return _V1 if _V1.is_dir() else _V2


def is_possible() -> bool:
    """Tell whether this user may limit a CPU on this machine."""
    return os.access(_place(), os.W_OK) and (_V1.is_dir() or "cpu" in _controllers())


def _controllers() -> str:
    with suppress(OSError):
        return (_V2 / "cgroup.subtree_control").read_text()
    return ""


@contextmanager
def limited(command: Sequence[str], share: float | None) -> Iterator[Sequence[str]]:
    """Wrap a command so that it gets no more than ``share`` of a CPU (all that it asks for, if None)."""
    if share is None:
        yield command
        return
    group = _place() / f"waybill-bench-{os.getpid()}"
    group.mkdir()
    try:
        quota = round(share * _PERIOD_US)
        if _V1.is_dir():
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {_PERIOD_US}")
        joined = " ".join(map(shlex.quote, command))
        yield ["sh", "-c", f"echo $$ > {group}/cgroup.procs && exec {joined}"]
    finally:
        group.rmdir()
