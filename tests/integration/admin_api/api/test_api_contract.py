"""The OpenAPI document holds for any request: a fuzzer finds no answer outside of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from admin_api.web.sessions import SESSION_COOKIE
from tests.integration.admin_api.console import OPERATOR, session_cookie
from tests.integration.stage import BAD_ROW, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage

# As the API is a person's, its reads and actions are tried with the same care: valid requests, and invalid ones.
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
_EXAMPLES = 25
_LONGEST_S = 300
"""By itself the fuzzer gives a slow machine ten seconds for an answer."""
_NOT_HERE = [
    ignored_auth,  # The gate has tests of its own (test_console_gate.py).
    positive_data_acceptance,  # That a cursor is one of ours, or that just one of two filters is given, no schema says.
]


@pytest.mark.parametrize("mode", _MODES)
def test_every_answer_is_one_that_the_document_describes(console: ConsoleStage, mode: GenerationMode) -> None:
    """Status, media type and body are as described, and nothing answers 500, whatever the parameters."""
    console.stage.process("orders.csv", csv_file(*GOOD_ROWS, BAD_ROW))
    app = console.browser().app
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=_signed_in())
    operations = [cast("Any", each).ok() for each in schema.get_all_operations()]
    if mode is GenerationMode.NEGATIVE:  # Nothing can be wrong with a request that takes nothing.
        operations = [each for each in operations if each.body or list(each.iter_parameters())]

    for operation in operations:
        _try(operation, mode)

    assert len(operations) > 5


def _try(operation: Any, mode: GenerationMode) -> None:
    """Send many requests of one operation, and hold each answer against its description."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=_EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    def send(case: Any) -> None:
        answer = case.call(headers=_signed_in(), timeout=_LONGEST_S)
        case.validate_response(answer, excluded_checks=_NOT_HERE)

    send()


def _signed_in() -> dict[str, str]:
    return {"Sec-Fetch-Site": "same-origin", "Cookie": f"{SESSION_COOKIE}={session_cookie(OPERATOR)}"}
