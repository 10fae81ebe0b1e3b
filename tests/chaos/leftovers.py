"""The account's checks of what must not be left: letters, versions in the inbox, working objects, orphans."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.checks import Fate
    from tests.chaos.history import History
    from tests.chaos.inventory import Inventory, Item


def check_dead_letters(inventory: Inventory, history: History, _fates: list[Fate]) -> list[str]:
    """Poison, and nothing else, is left in the dead-letter queue; the ingest queue is empty."""
    left, sent = Counter(inventory.dead_letters), Counter(history.poison)
    wrong = [f"a dead letter that is no poison, or twice: {body:.200}" for body in left - sent]
    return wrong + ([f"{inventory.waiting} messages wait in the ingest queue"] if inventory.waiting else [])


def check_inbox(inventory: Inventory, _history: History, _fates: list[Fate]) -> list[str]:
    """Look into the inbox: it holds neither a version nor a delete marker."""
    return [f"in the inbox: {version}" for version in inventory.inbox_versions]


def check_leftovers(inventory: Inventory, _history: History, _fates: list[Fate]) -> list[str]:
    """No working object, unfinished upload, running execution or empty object is left."""
    wrong = [f"left in work-data/: {key}" for key in inventory.objects if key.startswith("work-data/")]
    wrong += [f"unfinished upload of {key}" for key in inventory.unfinished_uploads]
    wrong += [f"execution {name} runs" for name in inventory.executions]
    outputs = (key for key in inventory.objects if key.startswith(("processed-data/", "failed-data/")))
    return wrong + [f"empty: {key}" for key in outputs if not inventory.objects[key] and not key.endswith(".csv")]


def check_orphans(inventory: Inventory, _history: History, _fates: list[Fate]) -> list[str]:
    """Every object is named by the ledger, and everything that the ledger names is there."""
    named = {key for entry in inventory.files.values() for key in _named(entry)}
    found = {key for key in inventory.objects if not key.startswith(("raw-data/", "work-data/"))}
    # The rejected rows of an earlier run, which a later one made void, are kept in the archive.
    void = {key for key in found if key.startswith("archive/") and key.endswith(".rejected.csv")}
    wrong = [f"orphan: {key}" for key in sorted(found - named - void)]
    return wrong + [f"named and not there: {key}" for key in sorted(named - found)]


def _named(entry: Item) -> Iterator[str]:
    for name in ("original_key", "accepted_key", "rejected_key"):
        if entry.get(name):
            yield entry[name]


def check_actions(inventory: Inventory, history: History, _fates: list[Fate]) -> list[str]:
    """Every action that the console has confirmed is in the log, and done."""
    wrong = []
    for asked in history.asked:
        action = inventory.actions.get(asked.action_id)
        if asked.status == 200 and (not action or action["action_state"] != "done"):
            wrong.append(
                f"{asked.kind} {asked.action_id} was confirmed, and the log has {action and action['action_state']}"
            )
    return wrong
