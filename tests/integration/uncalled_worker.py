"""In place of Lambda: takes the invocations of the console's worker, which tests carry out themselves."""

from __future__ import annotations

import functools
import json
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

_newest: list[UncalledWorker] = []


class UncalledWorker:
    """The events of the invocations since it was made, the oldest first."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        _newest[:] = [self]

    @property
    def client(self) -> Any:
        """The SDK's client, which sends nothing; one for all tests, as it takes long to make."""
        return _client()


@functools.cache
def _client() -> Any:
    client: Any = boto3.client("lambda", "eu-west-1")
    client.meta.events.register("before-call.lambda.Invoke", _take)
    return client


def _take(params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
    """Accept an asynchronous invocation, as Lambda does."""
    assert params["url_path"] == "/2015-03-31/functions/worker/invocations"
    assert params["headers"]["X-Amz-Invocation-Type"] == "Event"
    _newest[0].calls.append(json.loads(params["body"]))
    return AWSResponse("", 202, HTTPHeaders(), None), {"StatusCode": 202}
