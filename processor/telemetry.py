"""The only module that knows how logs and traces leave the function."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger

logger = Logger()
"""JSON logs. Events are constant, snake_case and in the past tense; what varies is in their fields. No row contents."""


def trace_id() -> str:
    """Return the X-Ray trace id of this invocation, or "" where there is none.

    Lambda sets the variable anew for each invocation:
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    """
    header = os.environ.get("_X_AMZN_TRACE_ID", "")
    fields = dict(part.split("=", 1) for part in header.split(";") if "=" in part)
    return fields.get("Root", "")
