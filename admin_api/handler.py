"""Lambda entry point of the console: the gateway's event in, the application's answer out."""

from __future__ import annotations

import gc

gc.disable()  # Imports make no garbage; collecting takes a twentieth of their time.

import os
from typing import TYPE_CHECKING, Any

from mangum import Mangum

from admin_api.app import create_app
from admin_api.web.security import STATIC
from admin_api.wiring.config import Config
from admin_api.wiring.services import Console
from processor.observability.telemetry import logger, span

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_serve = Mangum(create_app(Console.connect(Config.from_environment(os.environ))), lifespan="off")
# What is loaded by now is not garbage either: no collection looks at it again.
gc.freeze()
gc.enable()


@logger.inject_lambda_context(clear_state=True)
def handle(event: dict[str, Any], context: LambdaContext) -> Any:
    """Answer one HTTP request (payload format 2.0).

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    http = event["requestContext"]["http"]
    if event["rawPath"].startswith(STATIC):  # Nobody looks for such a trace.
        return _serve(event, context)  # type: ignore[arg-type]  # Its protocol has settable attributes; it sets none.
    with span("request") as trace:
        answer = _serve(event, context)  # type: ignore[arg-type]
        trace.annotate(method=http["method"], status=answer["statusCode"])
        return answer
