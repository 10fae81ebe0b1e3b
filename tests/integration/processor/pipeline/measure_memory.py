"""Runs the real pipeline on a generated file of a given size against clients that swallow everything.

    python -m tests.integration.processor.pipeline.measure_memory ROWS [KIND]

KIND is one of ``whole_orders.ORDERS``. Prints one JSON object: rows, CPU seconds (user and system, imports excluded),
peak resident set in bytes, and whether just the rows of whole orders were stored.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from processor.domain.object_keys import ObjectVersion, file_id
from processor.messaging.messages import Arrival, Message
from processor.pipeline.process_file import process_file
from processor.wiring.config import Config
from processor.wiring.invocation import Invocation
from processor.wiring.services import Clients, Services
from tests.integration.processor.pipeline.whole_orders import write_orders

INDEXES = ("by_customer",)
CONFIG = Config(
    bucket_name="b",
    orders_table="orders",
    files_table="files",
    queue_url="url",
    alerts_topic_arn="arn",
    environment="test",
    max_receive_count=3,
    retry_backoff_s=(1,),
    max_file_bytes=2**40,
    max_gzip_bytes=2**40,
    max_rows=2**40,
    run_bytes_per_s=2**40,
    large_files_arn="arn",
    worker_function="worker",
    large_file_timeout_s=1,
    range_bytes=2**40,
    default_encoding="utf-8",
    reject="order",
    hold_above_rejected_percent=50,
    same_orders="hold",
    line_end="optional",
    same_orders_days=30,
    temporary_names=("*.part", ".*"),
    order_indexes=INDEXES,
    order_writes="plain",
    monitoring="full",
    console_url="c",
)


class Swallow:
    """Stands in for every AWS client: serves one object, keeps the file's ledger entry, forgets the rest."""

    def __init__(self, body: Path) -> None:
        self._body = body
        self.entry: dict[str, Any] = {}
        self.items = 0

    def head_object(self, **_: Any) -> dict[str, Any]:
        return {"ContentLength": self._body.stat().st_size, "ETag": '"e"', "Metadata": {}, "VersionId": "v"}

    def get_object(self, **request: Any) -> dict[str, Any]:
        first, last = map(int, request["Range"].removeprefix("bytes=").split("-"))
        with self._body.open("rb") as file:
            file.seek(first)
            return {"Body": io.BytesIO(file.read(last - first + 1))}

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        # Serialise as botocore would, so that the items really are built and let go.
        json.dumps(request)
        self.items += len(request["RequestItems"]["orders"])
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        if request["UpdateExpression"].startswith("ADD"):  # The number of mails.
            return {"Attributes": {"mails": {"N": "1"}}}
        old = dict(self.entry)
        names, values = request["ExpressionAttributeNames"], request["ExpressionAttributeValues"]
        self.entry |= request["Key"]
        self.entry |= {
            name: values[f":{place[1:]}"] for place, name in names.items() if place[2:].isdigit() and place[1] == "s"
        }
        return {"Attributes": old}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        self.update_item(**request["TransactItems"][0]["Update"])
        return {}

    def upload_part(self, **request: Any) -> dict[str, Any]:
        return {"ETag": str(len(request["Body"]))}

    def create_multipart_upload(self, **_: Any) -> dict[str, Any]:
        return {"UploadId": "u"}

    def get_paginator(self, _operation: str) -> Swallow:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Items": []}]  # No earlier file has brought the same orders.

    def _answer_nothing(self, **_: Any) -> dict[str, Any]:
        return {}

    get_item = put_item = put_object = copy_object = delete_object = publish = _answer_nothing
    complete_multipart_upload = change_message_visibility = _answer_nothing


def main() -> None:
    """Generate, run, report."""
    rows, kind = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "usual"
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        body = Path(file.name)
        with body.open("wb") as out:
            whole_rows = write_orders(out, rows, kind)
        client: Any = Swallow(body)
        services = Services.build(
            CONFIG, Clients(client, client, client, client, client, states=client, functions=client)
        )
        source = ObjectVersion("b", "raw-data/a.csv", "v")
        began = time.process_time()
        process_file(file_id(source), Arrival(source), Message("m", "r", "", 1), services, Invocation("r", "t", 3600))
        cpu = time.process_time() - began
    # Not getrusage: its peak begins with that of the process which has started this one.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) * 1024
    whole = client.items == whole_rows and client.entry["state"]["S"] in {"partial", "processed"}
    print(json.dumps({"rows": rows, "cpu_s": cpu, "peak_bytes": peak, "whole": whole}))


if __name__ == "__main__":
    main()
