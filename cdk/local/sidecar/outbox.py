"""Puts metric data into the emulator, each datum at most once.

A request that certainly did not arrive is repeated. One whose answer was lost is not, as it may have counted and
PutMetricData is not idempotent; on one machine that happens only when the emulator ends during the request.
"""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cdk.local.sidecar.emf import Datum

_MOST_DATA = 500
"""Data in one request; CloudWatch takes 1,000 and 1 MB."""
_logger = logging.getLogger(__name__)


class Outbox:
    """The data that wait to be put. One thread at a time."""

    def __init__(self, cloudwatch: Any) -> None:
        self._cloudwatch = cloudwatch
        self._waiting: deque[Datum] = deque()
        self.delivered = 0
        self.uncertain = 0
        # The server could close a kept connection while a request travels, and the answer would be lost.
        cloudwatch.meta.events.register("before-sign.cloudwatch.PutMetricData", _close_afterwards)

    def counts(self) -> dict[str, int]:
        """Count the data that were delivered, are uncertain, or wait."""
        return {"delivered": self.delivered, "uncertain": self.uncertain, "waiting": len(self._waiting)}

    def add(self, data: Iterable[Datum]) -> None:
        """Add data, in order."""
        self._waiting.extend(data)

    def flush(self) -> bool:
        """Put all waiting data; return whether none is left."""
        while self._waiting:
            chunk = [self._waiting.popleft() for _ in range(min(_MOST_DATA, len(self._waiting)))]
            by_namespace = sorted(chunk, key=lambda datum: datum.namespace)
            requests = [(name, list(data)) for name, data in groupby(by_namespace, key=lambda datum: datum.namespace)]
            for number, (namespace, data) in enumerate(requests):
                if not self._put(namespace, data):
                    self._waiting.extendleft(datum for _, rest in reversed(requests[number:]) for datum in rest[::-1])
                    return False
        return True

    def _put(self, namespace: str, data: list[Datum]) -> bool:
        """Put data of one namespace; return false if they must be put again."""
        try:
            self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=[_wire(datum) for datum in data])
        except (EndpointConnectionError, ConnectTimeoutError):
            return False
        except ClientError:
            _logger.exception("CloudWatch refused %d data of %s", len(data), namespace)
        except BotoCoreError:
            self.uncertain += len(data)
            _logger.exception("No answer for %d data of %s: they may or may not be counted", len(data), namespace)
        else:
            self.delivered += len(data)
        return True


def _wire(datum: Datum) -> dict[str, Any]:
    document: dict[str, Any] = {
        "MetricName": datum.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in datum.dimensions],
        "Timestamp": datetime.fromtimestamp(datum.timestamp, UTC),
        "Unit": datum.unit,
    }
    if len(datum.values) == 1:
        return document | {"Value": datum.values[0]}
    return document | {"Values": list(datum.values)}


def _close_afterwards(request: Any, **_: object) -> None:
    request.headers["Connection"] = "close"
