"""One measurement in a process of its own: one way of getting one file into DynamoDB, or the import of one.

    python -m tests.bench.case NAME URL ROWS   (a key of ``CASES`` or, without regard to ROWS, of ``IMPORTS``)

URL is that of a stub, which serves the file.

Prints one JSON object: CPU seconds (user and system) of the import and of the work, wall seconds of the work, peak
resident set in bytes.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

os.environ |= {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "token" * 100,  # As long as Lambda's.
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def cpu_s() -> float:
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_bytes() -> int:
    """Return the peak of the resident set; not getrusage's, which begins with that of the parent."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024


def _peer(name: str) -> Callable[[], Callable[[], None]]:
    def prepare() -> Callable[[], None]:
        from tests.bench import peers  # noqa: PLC0415  What a case imports is part of its measurement.

        work: Callable[[], None] = getattr(peers, name)()
        return work

    return prepare


def _waybill(**changes: Any) -> Callable[[], Callable[[], None]]:
    def prepare() -> Callable[[], None]:
        from tests.bench import waybill  # noqa: PLC0415

        return waybill.prepare(**changes)

    return prepare


CASES: dict[str, Callable[[], Callable[[], None]]] = {
    "waybill": _waybill(),
    "waybill, not sending": _waybill(sending=False),
    "waybill, order_writes=plain": _waybill(order_writes="plain"),
    "DictReader + Table.batch_writer": _peer("tutorial"),
    "pydantic + Table.batch_writer": _peer("pydantic"),
    "pandas + Table.batch_writer": _peer("pandas"),
    "awswrangler": _peer("awswrangler"),
    "BatchWriteItem, body ready made": _peer("ready_made"),
}


def _import_processor() -> None:
    from tests.bench import waybill  # noqa: PLC0415

    waybill.load()


def _import_usual_processor() -> None:
    import boto3  # noqa: PLC0415
    from aws_lambda_powertools import Logger, Metrics, Tracer  # noqa: PLC0415
    from aws_lambda_powertools.utilities import batch, idempotency  # noqa: F401, PLC0415

    boto3.client("s3")
    boto3.client("dynamodb")
    Logger(service="s")
    Metrics(namespace="n")
    Tracer(service="s")


def _import_console() -> None:
    from tests.bench.waybill import CONSOLE_ENVIRONMENT, ENVIRONMENT  # noqa: PLC0415

    os.environ |= ENVIRONMENT | CONSOLE_ENVIRONMENT
    import admin_api.handler  # noqa: F401, PLC0415


def _import_usual_console() -> None:
    import boto3  # noqa: PLC0415
    import fastapi  # noqa: PLC0415
    import jinja2  # noqa: PLC0415
    import mangum  # noqa: PLC0415
    from aws_lambda_powertools import Logger, Metrics, Tracer  # noqa: PLC0415

    for service in ("s3", "dynamodb", "sqs"):
        boto3.client(service)
    mangum.Mangum(fastapi.FastAPI())
    jinja2.Environment(autoescape=True)
    Logger(service="s")
    Metrics(namespace="n")
    Tracer(service="s")


IMPORTS: dict[str, Callable[[], None]] = {
    "processor": _import_processor,
    "usual processor": _import_usual_processor,
    "console": _import_console,
    "usual console": _import_usual_console,
}


def main() -> None:
    """Measure one case."""
    name, url, rows = sys.argv[1:]
    os.environ |= {"AWS_ENDPOINT_URL": url, "BENCH_ROWS": rows}
    if name in IMPORTS:
        IMPORTS[name]()
        result = {"import_cpu_s": cpu_s()}
    else:
        work = CASES[name]()
        before, began = cpu_s(), time.perf_counter()
        work()
        result = {
            "import_cpu_s": before,
            "cpu_s": cpu_s() - before,
            "wall_s": time.perf_counter() - began,
            "peak_bytes": peak_bytes(),
        }
    sys.__stderr__.write(json.dumps(result) + "\n")  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
