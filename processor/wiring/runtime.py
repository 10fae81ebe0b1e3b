"""The process-wide session, clients, usage meter and services, made at the cold start for all invocations.

An entry point imports this module last: the garbage collector never looks at the imports before it again.
"""

from __future__ import annotations

import gc
import os
from typing import Any

from botocore.config import Config as ClientConfig

from processor.observability.usage_meter import UsageMeter
from processor.wiring.aws_session import LazyClient, session_of
from processor.wiring.config import Config
from processor.wiring.services import Clients, Services

# Few attempts and short waits: for anything longer SQS delivers the message again, and throttled writes have a backoff
# of their own (processor.orders.writer).
_TIMES: Any = {"connect_timeout": 5, "read_timeout": 20, "retries": {"mode": "standard", "total_max_attempts": 3}}
_CHECKED = ClientConfig(**_TIMES)
_UNCHECKED = ClientConfig(**_TIMES, parameter_validation=False)

_session = session_of("s3", "dynamodb", "sqs", "sns", "stepfunctions", "lambda")
_config = Config.from_environment(os.environ)
_usage_meter = UsageMeter(_config.orders_table)


def _client(service: Any, config: ClientConfig = _CHECKED) -> Any:
    client = _session.create_client(service, config=config)
    _usage_meter.watch_clients([client])
    return client


def _lazy_client(service: str, config: ClientConfig = _CHECKED) -> Any:
    return LazyClient(lambda: _client(service, config))


_clients = Clients(
    s3=_client("s3"),
    files=_client("dynamodb"),
    orders=_lazy_client("dynamodb", _UNCHECKED),
    sqs=_lazy_client("sqs"),
    sns=_lazy_client("sns"),
    states=_lazy_client("stepfunctions"),
    functions=_lazy_client("lambda"),
)
services = Services.build(_config, _clients, _usage_meter, _session)
"""The collaborators of every run of this process."""

# Nothing that is loaded by now is garbage, so no collection need look at it.
gc.freeze()
gc.enable()
# Rows are tuples of text, which reference counts free: a collection after each thousand of them would find nothing.
gc.set_threshold(100_000)
