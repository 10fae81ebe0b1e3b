"""Turn what a queue says of itself into the metrics that SQS would give CloudWatch.

Left out, because no attribute tells them and receiving messages to find out would count as receives:
ApproximateAgeOfOldestMessage, and how many messages were sent, received and deleted.
"""

from __future__ import annotations

import time
from typing import Any

from cdk.local.sidecar.emf import Datum

_METRICS = {
    "ApproximateNumberOfMessages": "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
_REPEAT_S = 60
"""An unchanged number is said again once a minute, as SQS does; more would only fill the emulator's memory."""


class QueueWatch:
    """Samples the queues at some URLs."""

    def __init__(self, sqs: Any, *urls: str) -> None:
        self._sqs = sqs
        self.urls = list(urls)
        self._said: dict[tuple[str, str], tuple[float, float]] = {}

    def sample(self) -> list[Datum]:
        """Return the numbers that have changed, or are due."""
        data = []
        for url in self.urls:
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_METRICS))
            name = url.rpartition("/")[2]
            now = time.time()
            for attribute, metric in _METRICS.items():
                value = float(answer["Attributes"][attribute])
                before, when = self._said.get((name, metric), (-1.0, 0.0))
                if value != before or now - when >= _REPEAT_S:
                    self._said[name, metric] = (value, now)
                    data.append(Datum("AWS/SQS", metric, (("QueueName", name),), (value,), "Count", now))
        return data
