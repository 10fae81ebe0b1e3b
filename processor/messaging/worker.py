"""The console's worker, which takes back what a file has replaced: the processor itself deletes no order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Worker:
    """The worker's invocations. Lambda queues each, and repeats one that fails."""

    def __init__(self, client: LambdaClient, function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def call_take_back(self, file_id: str) -> None:
        """Have the orders that a file replaces taken back from the earlier files; called twice, it is done once."""
        payload = json.dumps({"take_back": file_id}).encode()
        self._client.invoke(FunctionName=self._function_name, InvocationType="Event", Payload=payload)
