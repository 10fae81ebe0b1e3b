"""The table at the end of a chaos run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.chaos.history import History
    from tests.chaos.inventory import Inventory
    from tests.chaos.plan import Plan

_MOST_SHOWN = 8


@dataclass
class Account:
    """The result of a run: what each check found, and how much there was to find."""

    plan: Plan
    history: History
    inventory: Inventory
    found: dict[str, list[str]]
    took_s: float = 0.0
    stuck: list[str] = field(default_factory=list)
    """Files that came to rest only when a person asked for a new run, after everything else was quiet."""

    @property
    def holds(self) -> bool:
        """Whether no check found a difference."""
        return not any(self.found.values())

    def lines(self) -> list[str]:
        """Write the table."""
        history, inventory = self.history, self.inventory
        states = Counter(str(entry["state"]) for entry in inventory.files.values())
        died = sum(run["outcome"] == "died" for runs in inventory.runs.values() for run in runs)
        lines = [
            f"Seed {self.plan.seed}, plan {self.plan.fingerprint}, {self.took_s:.0f} s",
            f"  {len(history.uploads)} uploads, {sum(map(len, inventory.runs.values()))} runs, {died} of them dead",
            f"  {history.killed} workers killed, {history.stopped} stopped, {history.errors} calls failed or delayed",
            f"  {len(history.poison)} poison messages, {len(history.asked)} actions on files, "
            f"{history.redriven + 1} redrives, {len(self.stuck)} files reprocessed at the end",
            f"  {len(inventory.orders):,} orders; {', '.join(f'{n} {state}' for state, n in sorted(states.items()))}",
        ]
        for title, differences in self.found.items():
            lines.append(f"{'✕' if differences else '✓'} {title}")
            lines += [f"    {difference}" for difference in differences[:_MOST_SHOWN]]
            if len(differences) > _MOST_SHOWN:
                lines.append(f"    … and {len(differences) - _MOST_SHOWN} more")
        held = sum(not differences for differences in self.found.values())
        lines += [f"stuck, then reprocessed: {name}" for name in self.stuck[:_MOST_SHOWN]]
        lines.append(f"{held} of {len(self.found)} checks hold.")
        return lines
