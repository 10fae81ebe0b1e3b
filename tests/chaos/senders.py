"""Those who send: uploads by PUT and by presigned POST, and events as S3 would never or seldom send them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

import httpx

from tests.chaos.files import ChaosFile
from tests.chaos.history import Upload
from tests.chaos.rules import Limits, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.history import History
    from tests.chaos.plan import Mischief
    from tests.e2e.deployment import Deployment

_TRIES = 6
_NOBODYS_VERSION = "never-was-a-version"


class Uploader:
    """Uploads files, and notes their versions and what has to become of them."""

    def __init__(self, stack: Deployment, history: History, limits: Limits) -> None:
        self._stack = stack
        self._history = history
        self._limits = limits

    def upload(self, file: ChaosFile, _pick: float = 0) -> None:
        """Upload a file the way that it is to go."""
        key, version = self._post(file) if file.posted else self._put(file)
        self.note(file, key, version)

    def note(self, file: ChaosFile, key: str, version: str) -> None:
        """Note an upload."""
        verdict = judge(file.name, file.body, file.encoding, self._limits)
        self._history.uploads.append(Upload(file, key, version, verdict))

    def _put(self, file: ChaosFile) -> tuple[str, str]:
        key = f"raw-data/{file.name}"
        metadata = {"Metadata": {"encoding": file.encoding}} if file.encoding else {}
        answer = self._stack.client("s3").put_object(
            Bucket=self._stack.outputs["BucketName"], Key=key, Body=file.body, **metadata
        )
        return key, answer["VersionId"]

    def _post(self, file: ChaosFile) -> tuple[str, str]:
        """Ask the console for a presigned POST, again and again while faults go on, and send the file by it."""
        name = file.name.rpartition("/")[2]
        for _ in range(_TRIES):
            try:
                with self._stack.console(self._stack.accounts.operator) as script:
                    answer = script.post("/api/uploads", json={"name": name, "encoding": file.encoding})
                if answer.status_code == 201:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        else:
            return self._put(file)
        post: dict[str, Any] = answer.json()
        # Straight to the emulator: a lost answer would leave an upload that nobody knows of.
        address = f"{self._stack.endpoint}{urlsplit(post['url']).path}"
        sent = httpx.post(address, data=post["fields"], files={"file": (name, file.body, "text/csv")}, timeout=30)
        sent.raise_for_status()
        return post["object_key"], sent.headers["x-amz-version-id"]


class Mischiefs:
    """Sends events twice, late, out of order, in one message, about what is gone; folder markers; poison."""

    def __init__(self, stack: Deployment, history: History, seed: int) -> None:
        self._stack = stack
        self._history = history
        self._seed = seed
        self._number = 0
        self._deeds: dict[Mischief, Callable[[float], None]] = {
            "again": lambda pick: self._announce([self._choose(pick)] * 2),
            "several in one message": self._announce_several,
            "late": lambda pick: self._announce([self._choose(pick / 3)]),  # One of the first.
            "version that is gone": self._announce_nothing,
            "deleted early": self._delete_early,
            "folder": self._make_folder,
            "poison": self._poison,
        }

    def do(self, mischief: Mischief, pick: float) -> None:
        """Do one of them."""
        self._number += 1
        self._deeds[mischief](pick)

    def _choose(self, pick: float) -> tuple[str, str]:
        uploads = [upload for upload in self._history.uploads if not upload.deleted]
        if not uploads:
            return f"raw-data/chaos-{self._seed}/nothing.csv", _NOBODYS_VERSION
        chosen = uploads[int(pick * len(uploads))]
        return chosen.key, chosen.version_id

    def _announce(self, versions: list[tuple[str, str]], *, together: bool = False) -> None:
        for records in [versions] if together else [[version] for version in versions]:
            self._stack.send(s3_event(self._stack.outputs["BucketName"], records))
        self._history.gone += [version for version in versions if version[1] == _NOBODYS_VERSION]

    def _announce_several(self, pick: float) -> None:
        versions = [self._choose(pick), self._choose(1 - pick - 1e-9), self._choose(pick * 0.7)]
        self._announce(list(reversed(versions)), together=True)

    def _announce_nothing(self, _pick: float) -> None:
        self._announce([(f"raw-data/chaos-{self._seed}/gone-{self._number}.csv", _NOBODYS_VERSION)])

    def _delete_early(self, _pick: float) -> None:
        """Upload a file and delete its version for good a moment later, perhaps in the middle of its run."""
        key = f"raw-data/chaos-{self._seed}/early-{self._number}.csv"
        rows = "".join(f"early-{self._number}-{row},Ada,Engine,1,2.50\n" for row in range(300))
        body = f"order_id,customer_name,product_name,quantity,unit_price\n{rows}".encode()
        s3, bucket = self._stack.client("s3"), self._stack.outputs["BucketName"]
        version = s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
        upload = Upload(ChaosFile(key, body, kind="deleted early"), key, version, judge(key, body), deleted=True)
        self._history.uploads.append(upload)
        time.sleep(0.1 * (self._number % 5))
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)

    def _make_folder(self, _pick: float) -> None:
        key, bucket = f"raw-data/chaos-{self._seed}/folder-{self._number}/", self._stack.outputs["BucketName"]
        s3 = self._stack.client("s3")
        version = s3.put_object(Bucket=bucket, Key=key, Body=b"")["VersionId"]
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)  # Its event is on the way by now.

    def _poison(self, pick: float) -> None:
        mark = f"{self._seed}-{self._number}"
        other = s3_event("another-bucket", [(f"raw-data/{mark}.csv", "v")])
        bodies = (
            f"not JSON {mark}",
            json.dumps([mark]),
            json.dumps({"command": "explode", "file_id": mark}),
            json.dumps({"command": "reprocess", "file_id": "0" * 24, "mark": mark}),
            json.dumps({"Records": [{"mark": mark}]}),
            other,
            "[" * 5000 + mark,
        )
        body = bodies[int(pick * len(bodies))]
        self._history.poison.append(body)
        self._stack.send(body)


def s3_event(bucket: str, versions: list[tuple[str, str]]) -> str:
    """Write a message about versions of objects as S3 does, with form-encoded keys."""
    records = [
        {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-01-01T00:00:00.000Z",
            "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/"), "versionId": version}},
        }
        for key, version in versions
    ]
    return json.dumps({"Records": records})
