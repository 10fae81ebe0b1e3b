"""The JSON API's documents. Times are ISO 8601 in UTC; amounts of money are strings, so that nothing is rounded."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from processor.domain.actions import ActionEntry, ActionKind, ActionState

type Exact = Annotated[Decimal, PlainSerializer(str, return_type=str)]


class Document(BaseModel):
    """A document made from an object with the same attributes."""

    model_config = ConfigDict(from_attributes=True)


class ActionOut(Document):
    """An action of a person or script, and its result."""

    action_id: str = Field(examples=["20261125T184400Z-0123abcd"])
    kind: ActionKind
    state: ActionState
    at: str
    who: str
    file_id: str
    subject: str
    reason: str
    expected: int
    done: int
    skipped: int
    failed: int
    error: str
    finished_at: str
    finished_by: str = Field(description="Who completed it, if that was not the person who asked for it.")
    stop_asked_by: str
    stalled: bool = Field(default=False, description="Running without progress: carry on with it, or stop it.")

    @classmethod
    def of(cls, action: ActionEntry, now: datetime) -> ActionOut:
        """Make the document of an action as it is now."""
        return cls.model_validate(action).model_copy(update={"stalled": action.is_stalled(now)})


class OrderOut(Document):
    """One stored order: one line of an order id."""

    order_id: str
    processed_timestamp: str
    customer_name: str
    product_name: str
    quantity: int
    unit_price: Exact
    line_total: Exact
    file_id: str
    row_number: int
    run_id: str
    trace_id: str


class DeadLetterOut(Document):
    """One message of the dead-letter queue."""

    message_id: str
    body: str
    sent_at: datetime
    receive_count: int
    file_ids: list[str]
    problem: str


class OrdersOut(BaseModel):
    """A page of orders, the newest first."""

    orders: list[OrderOut]
    older: str
    newer: str


class FileOrdersOut(BaseModel):
    """A stretch of a file's orders, in row order; ``missing`` are row numbers that are no longer stored.

    ``following`` is the ``first`` of the next stretch; ``total`` at the end, and where a ``problem`` ends the list.
    """

    orders: list[OrderOut]
    missing: list[int]
    first: int
    following: int
    total: int
    problem: str


class DeadLettersOut(BaseModel):
    """The letters in the dead-letter queue; ``about`` is SQS's approximate number."""

    dead_letters: list[DeadLetterOut]
    about: int
    complete: bool


class ActionsOut(BaseModel):
    """A page of actions, the newest first."""

    actions: list[ActionOut]
    older: str
    newer: str


def _in_digits(value: Any) -> Any:
    """Write a number as its digits; anything else is left for the check of what is announced."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


_LONGEST_NUMBER = 40
_TEXT_OR_NUMBER = {"anyOf": [{"type": "string", "maxLength": _LONGEST_NUMBER}, {"type": "number"}]}

type Digits = Annotated[
    str, BeforeValidator(_in_digits), Field(max_length=_LONGEST_NUMBER), WithJsonSchema(_TEXT_OR_NUMBER)
]
"""A number as somebody writes it: as JSON's, or as a text."""


class UploadIn(BaseModel):
    """The file to be uploaded."""

    name: str = Field(min_length=1, max_length=255, examples=["orders.csv"])
    encoding: str = Field(
        default="", pattern="^(|utf-8|cp1252)$", description="Only if it differs from the stack's default."
    )
    rows: Digits | None = Field(
        default=None,
        validation_alias=AliasChoices("rows", "announced_rows"),
        description="Announces the number of its rows, without the header.",
        examples=["1000"],
    )
    total: Digits | None = Field(
        default=None,
        validation_alias=AliasChoices("total", "announced_total"),
        description="Announces the sum of its rows, each its quantity times its unit price, with a point.",
        examples=["12345.60"],
    )


class UploadOut(BaseModel):
    """A presigned POST: send multipart/form-data with these fields first and the file, named ``file``, last."""

    url: str
    fields: dict[str, str]
    object_key: str


class Problem(BaseModel):
    """The reason why a request was refused (RFC 9457)."""

    title: str
    status: int
    detail: str
    request_id: str = ""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare these refusals for the OpenAPI document, and those that every call may answer."""
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    words = {
        400: "The body is not JSON",
        401: "Not signed in",
        403: "Not permitted for viewers",
        404: "Not found",
        409: "Not possible now",
        422: "A parameter is invalid",
        503: "AWS did not answer",
    }
    return {
        status: {"description": words[status], "content": content} for status in (400, 401, 403, 422, 503, *statuses)
    }
