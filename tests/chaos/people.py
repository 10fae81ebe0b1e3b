"""Those who act in the console while faults go on, through its JSON API, as scripts do."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx

from tests.chaos.history import Asked
from tests.e2e.deployment import wait_until

if TYPE_CHECKING:
    from tests.chaos.history import History
    from tests.chaos.plan import Wish
    from tests.e2e.deployment import Deployment

_TRIES = 3
_LOOKS = ("/", "/files", "/dead-letters", "/activity", "/orders", "/api/files?limit=100", "/api/dead-letters")
_WANTED = {
    "reprocess": ("processed", "partial", "failed", "dead_lettered"),
    "process_anyway": ("duplicate",),
    "store": ("held",),
    "dismiss": ("failed", "held", "duplicate", "partial"),
    "void": ("processed", "partial"),
}


class Operator:
    """A person with a script, who repeats what gets no answer, under the same id."""

    def __init__(self, stack: Deployment, history: History, seed: int) -> None:
        self._stack = stack
        self._history = history
        self._seed = seed
        self._number = 0

    def wish(self, wish: Wish, pick: float) -> None:
        """Do what the person has in mind, if there is a file or letter for it; troubles are told, not raised."""
        self._number += 1
        with self._stack.console(self._stack.accounts.operator) as script:
            if wish == "look":
                self._call(script, "GET", _LOOKS[int(pick * len(_LOOKS))])
            elif wish == "redrive":
                self._redrive(script)
            elif wish == "delete poison":
                self._delete_poison(script)
            else:
                self._act(script, wish, pick)

    def _act(self, script: httpx.Client, kind: str, pick: float) -> None:
        ours = {(upload.key, upload.version_id) for upload in self._history.uploads if not upload.deleted}
        ids = []
        for state in _WANTED[kind]:
            answer = self._call(script, "GET", f"/api/files?limit=100&state={state}")
            files = answer.json()["files"] if answer is not None and answer.status_code == 200 else []
            ids += [file["file_id"] for file in files if (file["object_key"], file["version_id"]) in ours]
        if not ids:
            return
        asked = Asked(self._new_id(kind), kind, sorted(ids)[int(pick * len(ids))])
        self._history.asked.append(asked)
        body = {"kind": kind, "reason": "chaos", "action_id": asked.action_id}
        answer = self._call(script, "POST", f"/api/files/{asked.file_id}/actions", body)
        asked.status = answer.status_code if answer is not None else 0

    def redrive_all(self) -> dict[str, Any]:
        """Redrive every dead letter, and wait until the action is over; return it."""
        with self._stack.console(self._stack.accounts.operator) as script:
            body = {"do": "redrive", "all": True, "rate_per_s": 50}
            answer = script.post("/api/dead-letters/actions", json=body)
            answer.raise_for_status()
            told: dict[str, Any] = answer.json()

            def is_over() -> bool:
                told.update(script.get(f"/api/actions/{told['action_id']}").json())
                return bool(told["state"] != "running")

            wait_until(is_over, 120, lambda: f"the redrive is still {told['state']}")
        return told

    def finish_voids(self) -> None:
        """Wait until every voiding is over; resume those whose worker is gone, as the activity offers it."""
        with self._stack.console(self._stack.accounts.operator) as script:
            for asked in [asked for asked in self._history.asked if asked.kind == "void"]:
                told: dict[str, Any] = {}

                def is_over(told: dict[str, Any] = told, path: str = f"/api/actions/{asked.action_id}") -> bool:
                    told.update(script.get(path).json())
                    if told.get("stalled"):
                        script.post(f"{path}/carry-on")
                    return told.get("state") != "running"

                wait_until(is_over, 240, lambda: f"a voiding is still {told}")  # noqa: B023  It is called at once.

    def reprocess(self, file_id: str) -> int:
        """Reprocess a file that got stuck; return the answer's status."""
        asked = Asked(self._new_id("stuck"), "reprocess", file_id)
        self._history.asked.append(asked)
        with self._stack.console(self._stack.accounts.operator) as script:
            body = {"kind": "reprocess", "action_id": asked.action_id}
            answer = self._call(script, "POST", f"/api/files/{file_id}/actions", body)
        asked.status = answer.status_code if answer is not None else 0
        return asked.status

    def _redrive(self, script: httpx.Client) -> None:
        body = {"do": "redrive", "all": True, "rate_per_s": 20, "action_id": self._new_id("redrive")}
        if (answer := self._call(script, "POST", "/api/dead-letters/actions", body)) is not None:
            self._history.redriven += answer.status_code == 202

    def _delete_poison(self, script: httpx.Client) -> None:
        answer = self._call(script, "GET", "/api/dead-letters")
        letters = answer.json()["dead_letters"] if answer is not None and answer.status_code == 200 else []
        poison = [letter["message_id"] for letter in letters if letter["body"] in self._history.poison]
        if poison:
            body = {"do": "delete", "message_ids": poison[:1], "action_id": self._new_id("delete")}
            self._call(script, "POST", "/api/dead-letters/actions", body)

    def _call(self, script: httpx.Client, method: str, path: str, body: Any = None) -> httpx.Response | None:
        """Make a call, and repeat it while the answer is lost or an error of the server."""
        answer = None
        for _ in range(_TRIES):
            try:
                answer = script.request(method, path, json=body)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code < 500:
                return answer
            time.sleep(0.4)
        return answer

    def _new_id(self, kind: str) -> str:
        self._number += 1
        digits = hashlib.sha256(f"{self._seed}/{kind}/{self._number}".encode()).hexdigest()[:8]
        return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{digits}"
