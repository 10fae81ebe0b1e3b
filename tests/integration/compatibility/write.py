"""Writes what the present version leaves in tables and bucket, for later versions to read.

    python -m tests.integration.compatibility.write tests/integration/compatibility/NAME.json

Files of every state, one whose run died after its first orders, one in ranges of which some are stored, and actions.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from moto import mock_aws

from processor.domain.actions import ActionEntry, ActionKind, ActionState
from processor.domain.entries import to_iso
from processor.domain.errors import MessageFailedError
from processor.domain.object_keys import file_id
from processor.ledger.action_log import ActionLog
from processor.ledger.table import FilesTable
from processor.messaging.messages import reprocess_body
from processor.pipeline.handover import Task
from tests.integration.kill import Kill, Killer
from tests.integration.ranges import Machine
from tests.integration.stage import BAD_ROW, BUCKET, GOOD_ROWS, MIXED_FILE, Stage, csv_file, s3_event

LARGE = csv_file(*(f"L-{number},Ada,Engine,{number + 1},2.50" for number in range(40)), BAD_ROW)
AFTER_TWO_BATCHES = 7
"""The number of a run's AWS calls until two of three batches are stored."""


def fill(stage: Stage) -> dict[str, str]:
    """Bring files into every state; return the messages that wait for them, by name."""
    stage.process("processed.csv", csv_file(*GOOD_ROWS))
    stage.process("partial.csv", csv_file(GOOD_ROWS[0], BAD_ROW))
    stage.process("failed.csv", b"nothing\n1\n")
    stage.process("duplicate.csv", csv_file(*GOOD_ROWS))
    stage.process("zoë.csv", csv_file("A-9,Zoë,Café,1,2.50").decode().encode("cp1252"), encoding="cp1252")
    dismissed = stage.upload("dismissed.csv", b"nothing\n2\n")
    stage.deliver(dismissed)
    asked = stage.upload("reprocessing.csv", csv_file("A-5,Ada,Engine,1,2.50"))
    stage.deliver(asked)
    ledger = stage.services.ledger
    ledger.dismiss(file_id(dismissed), to_iso(stage.services.now()), lambda _: {})
    ledger.request_reprocess(file_id(asked))
    _act(stage, file_id(asked))
    dead, queued = (stage.upload(name, csv_file(f"{name},Ada,Engine,1,2.50")) for name in ("dead.csv", "queued.csv"))
    for version, receives in ((dead, 3), (queued, 1)):
        _fail(stage, s3_event(version), receives)
    half = stage.upload("half.csv", MIXED_FILE)
    _kill(stage, s3_event(half))
    waiting = {"reprocessing.csv": reprocess_body(file_id(asked)), "queued.csv": s3_event(queued)}
    waiting |= {"dead.csv": s3_event(dead), "half.csv": s3_event(half), "large.csv": _begin_ranges(stage)}
    fresh = stage.upload("fresh.csv", csv_file("A-7,Ada,Engine,1,2.50"))
    return waiting | {"fresh.csv": s3_event(fresh)}


def _act(stage: Stage, file_id_: str) -> None:
    """Ask for a reprocess of a file in the log of actions, and for a redrive of all dead letters."""
    log = ActionLog(FilesTable(stage.clients.files, "files"), stage.services.now)
    common: dict[str, Any] = {
        "at": to_iso(stage.services.now()),
        "who": "ada@example.com",
        "state": ActionState.RUNNING,
    }
    asked: list[tuple[ActionKind, dict[str, Any]]] = [
        (ActionKind.REPROCESS, {"file_id": file_id_, "subject": "reprocessing.csv", "expected": 1}),
        (ActionKind.REDRIVE, {"subject": "all dead letters", "expected": 3, "selection": {"all": True}}),
    ]
    for number, (kind, more) in enumerate(asked):
        action = ActionEntry(action_id=f"20261128T10000{number}Z-0000000{number}", kind=kind, **common, **more)
        log.begin_action(action)
        log.finish_action(action, ActionState.DONE, done=1)


def _fail(stage: Stage, body: str, receives: int) -> None:
    """Let a run fail, as it does when S3 is out of order."""
    objects = stage.services.objects
    stage.services = stage.services._replace(objects=_Broken(objects))  # type: ignore[arg-type]
    with suppress(MessageFailedError):
        stage.handle(stage.message(body, receives))
    stage.services = stage.services._replace(objects=objects)


def _kill(stage: Stage, body: str) -> None:
    try:
        with Killer(AFTER_TWO_BATCHES, after=True).watching(stage.clients):
            stage.handle(stage.message(body))
    except Kill:
        return
    raise AssertionError


def _begin_ranges(stage: Stage) -> str:
    """Store the first range of a file in ranges, and let its execution die; return the message that waits."""
    machine = Machine.before(stage, range_bytes=400)
    version = stage.upload("large.csv", LARGE)
    stage.deliver(version)
    task = Task(**machine.waiting.pop(0))
    stored: list[object] = []

    def store_one(*arguments: Any) -> None:
        if stored:
            raise Kill
        stored.append(arguments)
        Machine.store(machine, *arguments)

    machine.store = store_one  # type: ignore[method-assign,assignment]
    try:
        machine.steps(task)
    except Kill:
        return s3_event(version)
    raise AssertionError


class _Broken:
    """The bucket's objects, of which none can be looked at."""

    def __init__(self, objects: Any) -> None:
        self._objects = objects

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def read_facts(self, *_: object) -> None:
        raise RuntimeError("out of order")


def dump(stage: Stage, waiting: dict[str, str]) -> dict[str, Any]:
    """Return everything in tables and bucket."""
    s3, dynamodb = stage.clients.s3, stage.clients.files
    tables = {name: dynamodb.scan(TableName=name)["Items"] for name in ("files", "orders")}
    objects = []
    for version in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        read = s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])
        body = base64.b64encode(read["Body"].read()).decode()
        objects.append(
            {"key": version["Key"], "version": version["VersionId"], "metadata": read["Metadata"], "body": body}
        )
    return {"tables": tables, "objects": objects, "waiting": waiting}


def main() -> None:
    """Fill a stage and write it down."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with mock_aws():
        stage = Stage.build()
        written = dump(stage, fill(stage))
    Path(sys.argv[1]).write_text(f"{json.dumps(written, indent=1, ensure_ascii=False)}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
