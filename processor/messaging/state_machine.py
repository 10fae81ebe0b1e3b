"""The state machine that reads a large file in ranges; `cdk/resources/large_files.py` defines it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Mapping


class StateMachine:
    """The executions of the state machine."""

    def __init__(self, client: Any, state_machine_arn: str) -> None:
        self._client = client
        self._state_machine_arn = state_machine_arn

    def start_execution(self, name: str, document: Mapping[str, Any]) -> None:
        """Start an execution; if there is one of this name, this call is a repetition and does nothing."""
        try:
            self._client.start_execution(stateMachineArn=self._state_machine_arn, name=name, input=json.dumps(document))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise
