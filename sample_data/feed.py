"""Uploads the sample files to a deployed stack, as an operator's script would, and shows the result of each.

    python -m sample_data.feed --outputs .local/outputs.json

Uploads are presigned POSTs of the console's JSON API. The two files that no browser could upload (a wrong name, another
storage class) go in by PutObject, as from the aws CLI. It ends when every file has come to rest, with exit code 1 if
one differs from the manifest.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from rich.console import Console
from rich.live import Live

from processor.domain.file_states import AT_REST, FileState
from processor.domain.object_keys import INBOX, ObjectVersion, file_id, has_csv_name
from processor.ledger.ledger import Ledger
from processor.ledger.table import FilesTable
from sample_data.console_api import ConsoleApi, id_token
from sample_data.manifest import SampleFile, load
from sample_data.report import Progress, outcome_table, summary

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from processor.domain.entries import FileEntry

_LONGEST_WAIT_S = 180
_LOOK_EVERY_S = 0.25
_WIDE = 180  # Columns, from which whole trace ids leave room for the reasons.


@dataclass
class Feed:
    """A stack's clients and names, for feeding."""

    s3: S3Client
    dynamodb: DynamoDBClient
    outputs: dict[str, str]
    console: ConsoleApi

    @classmethod
    def connect(cls, document: dict[str, Any], http: httpx.Client) -> Feed:
        """Connect to the stack of an outputs file, signed in as its operator."""
        region, outputs = document["region"], document["outputs"]
        user, password = document["console_user"], document["console_password"]
        token = id_token(boto3.client("cognito-idp", region), outputs["ScriptsClientId"], user, password)
        console = ConsoleApi(http, document["console_url"], document["endpoint"], token)
        return cls(boto3.client("s3", region), boto3.client("dynamodb", region), outputs, console)

    @property
    def ledger(self) -> Ledger:
        """The files ledger of the stack."""
        return Ledger(FilesTable(self.dynamodb, self.outputs["FilesTableName"]))

    def upload(self, sample: SampleFile) -> ObjectVersion:
        """Put one sample into the inbox."""
        bucket = self.outputs["BucketName"]
        if sample.storage_class != "STANDARD" or not has_csv_name(sample.name):
            key = f"{INBOX}{sample.name}"
            answer = self.s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=sample.read(),
                StorageClass=sample.storage_class,  # type: ignore[arg-type]
            )
            return ObjectVersion(bucket, key, answer["VersionId"])
        uploaded = self.console.upload(sample.name, sample.read(), sample.metadata)
        return ObjectVersion(bucket, uploaded.object_key, uploaded.version_id)

    def count_orders(self) -> int:
        """Count the items in the orders table, one by one."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.outputs["OrdersTableName"], Select="COUNT", ConsistentRead=True
        )
        return sum(page["Count"] for page in pages)


def run(feed: Feed, samples: list[SampleFile], console: Console) -> int:
    """Upload and show all files until they are at rest; return 0 if all are as the manifest says, else 1."""
    progress = [Progress(sample) for sample in samples]
    by_path = {row.sample.path: row for row in progress}
    before = feed.count_orders()
    deadline = time.monotonic() + _LONGEST_WAIT_S
    wide = console.width >= _WIDE
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        while True:
            for row in progress:
                earlier = by_path.get(row.sample.after or "")
                if not row.file_id and (earlier is None or _at_rest(earlier.entry)):
                    row.file_id = file_id(feed.upload(row.sample))
                elif row.file_id and not _is_done(row):
                    row.entry = feed.ledger.read_file(row.file_id)
                    if _at_rest(row.entry):
                        row.run = feed.ledger.list_runs(row.file_id)[-1]
                        _void_if_wanted(feed, row)
                live.update(outcome_table(progress, wide=wide, newest_first=console.is_terminal))
            if all(map(_is_done, progress)) or time.monotonic() > deadline:
                break
            time.sleep(_LOOK_EVERY_S)
    console.print(outcome_table(progress, wide=wide))
    console.print(summary(progress, stored=feed.count_orders() - before))
    return 0 if all(row.is_as_expected for row in progress) else 1


def _void_if_wanted(feed: Feed, row: Progress) -> None:
    """Let a file whose sample is to be voided be voided, once."""
    if row.entry and _is_to_be_voided(row.entry, row.sample) and not row.void_asked:
        row.void_asked = True
        feed.console.void(row.file_id, "The prices are those of another year")


def _is_to_be_voided(entry: FileEntry, sample: SampleFile) -> bool:
    return sample.state == FileState.VOIDED and entry.state is FileState.PROCESSED


def _is_done(row: Progress) -> bool:
    entry = row.entry
    return entry is not None and _at_rest(entry) and not entry.taking_back and not _is_to_be_voided(entry, row.sample)


def _at_rest(entry: FileEntry | None) -> bool:
    return entry is not None and entry.state in AT_REST


def _console() -> Console:
    """Return a console as wide as the terminal, or wide enough for the reasons if the output is not a terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=190)


def main() -> int:
    """Parse the arguments, feed, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sample_data.feed", description=__doc__.splitlines()[0])
    parser.add_argument("--outputs", type=Path, default=Path(".local/outputs.json"), help="what make run has written")
    outputs: Path = parser.parse_args().outputs
    if not outputs.exists():
        print(f"{outputs} is not there: is `make run` up?", file=sys.stderr)
        return 2
    try:
        with httpx.Client(timeout=30) as http:
            return run(Feed.connect(json.loads(outputs.read_text()), http), load(), _console())
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
