"""The metrics of SQS, from the queues' attributes.

Without ApproximateAgeOfOldestMessage and the numbers of messages sent, received and deleted: no attribute has them, and
receiving messages to find out would count as receives.
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
"""Seconds after which an unchanged number is repeated, as SQS does; more would only fill the emulator's memory."""


class QueueWatch:
    """Samples the queues at these URLs."""

    def __init__(self, sqs: Any, *urls: str) -> None:
        self._sqs = sqs
        self.urls = list(urls)
        self._latest: dict[tuple[str, str], tuple[float, float]] = {}

    def sample(self) -> list[Datum]:
        """Return the numbers that have changed or are due again."""
        data = []
        for url in self.urls:
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_METRICS))
            name = url.rpartition("/")[2]
            now = time.time()
            for attribute, metric in _METRICS.items():
                value = float(answer["Attributes"][attribute])
                before, when = self._latest.get((name, metric), (-1.0, 0.0))
                if value != before or now - when >= _REPEAT_S:
                    self._latest[name, metric] = (value, now)
                    data.append(Datum("AWS/SQS", metric, (("QueueName", name),), (value,), "Count", now))
        return data
