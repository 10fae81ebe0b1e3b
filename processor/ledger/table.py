"""The files table: items in and out as Python values, with conditions, transactions and retries."""

from __future__ import annotations

import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.conditions import ConditionExpressionBuilder, Key
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from processor.domain.backoff import backoff
from processor.domain.errors import WaybillError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from boto3.dynamodb.conditions import ConditionBase
    from mypy_boto3_dynamodb import DynamoDBClient

_MOST_ATTEMPTS = 8
_FIRST_WAIT_S = 0.02
# Contention and throttling, which the SDK does not retry. All but the first are reasons in a cancelled transaction:
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_RETRYABLE = frozenset(
    {"TransactionConflictException", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_CONDITION_FAILED = "ConditionalCheckFailed"
_EMPTY: Mapping[str, Any] = MappingProxyType({})
_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


class ConditionFailedError(WaybillError):
    """The item does not meet the condition."""


class ItemUpdate(NamedTuple):
    """A change of one item."""

    file_id: str
    entry: str
    values: Mapping[str, Any] = _EMPTY
    condition: ConditionBase | None = None
    first: Mapping[str, Any] = _EMPTY
    """Values for attributes that do not exist yet."""
    remove: tuple[str, ...] = ()
    add: Mapping[str, int] = _EMPTY
    """Amounts to add to numbers."""

    def request(self, table: str) -> dict[str, Any]:
        """Write the change as a request of UpdateItem, and of TransactWriteItems."""
        request = {"TableName": table, "Key": item_key(self.file_id, self.entry), **_condition_request(self.condition)}
        names: dict[str, str] = request.pop("ExpressionAttributeNames", {})
        values: dict[str, Any] = {}
        sets, removes, adds = [], [], []
        for number, (name, value) in enumerate({**self.values, **self.first}.items()):
            names[f"#s{number}"], values[f":s{number}"] = name, value
            value_text = f"if_not_exists(#s{number}, :s{number})" if name in self.first else f":s{number}"
            sets.append(f"#s{number} = {value_text}")
        for number, name in enumerate(self.remove):
            names[f"#r{number}"] = name
            removes.append(f"#r{number}")
        for number, (name, amount) in enumerate(self.add.items()):
            names[f"#a{number}"], values[f":a{number}"] = name, amount
            adds.append(f"#a{number} :a{number}")
        clauses = {"SET": sets, "REMOVE": removes, "ADD": adds}
        request["UpdateExpression"] = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
        request["ExpressionAttributeNames"] = names
        if values:
            request.setdefault("ExpressionAttributeValues", {}).update(serialise(values))
        return request


class ItemPut(NamedTuple):
    """An item that is written whole."""

    item: Mapping[str, Any]
    condition: ConditionBase | None = None


class ItemCheck(NamedTuple):
    """A condition on an item that a transaction leaves as it is."""

    file_id: str
    entry: str
    condition: ConditionBase

    def request(self, table: str) -> dict[str, Any]:
        """Write the check as an item of TransactWriteItems."""
        return {"TableName": table, "Key": item_key(self.file_id, self.entry), **_condition_request(self.condition)}


class FilesTable:
    """The files table's items, addressed by ``file_id`` and ``entry``."""

    def __init__(self, client: DynamoDBClient, name: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client = client
        self.name = name
        self._sleep = sleep

    def get_item(self, file_id: str, entry: str) -> dict[str, Any]:
        """Read one item as last written; {} if there is none."""
        answer = self.client.get_item(TableName=self.name, Key=item_key(file_id, entry), ConsistentRead=True)
        return deserialise(answer.get("Item", {}))

    def list_items(self, file_id: str, prefix: str = "") -> list[dict[str, Any]]:
        """List a partition's items whose sort keys begin with ``prefix``, in their order, as last written."""
        condition: ConditionBase = Key("file_id").eq(file_id)
        if prefix:
            condition &= Key("entry").begins_with(prefix)
        request = key_condition_request(condition)
        pages = self.client.get_paginator("query").paginate(TableName=self.name, ConsistentRead=True, **request)
        return [deserialise(item) for page in pages for item in page["Items"]]

    def query_pages(self, condition: ConditionBase) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of a partition's items by descending sort key, as last written."""
        request = key_condition_request(condition)
        pages = self.client.get_paginator("query").paginate(
            TableName=self.name, ConsistentRead=True, ScanIndexForward=False, **request
        )
        for page in pages:
            yield [deserialise(item) for item in page["Items"]]

    def put_item(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> None:
        """Write one item; raises :class:`ConditionFailedError`."""
        try:
            self.client.put_item(TableName=self.name, Item=serialise(item), **_condition_request(condition))
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailedError from error

    def update_item(self, change: ItemUpdate) -> dict[str, Any]:
        """Change one item and return it as it was before ({} if new); raises :class:`ConditionFailedError`."""
        request = change.request(self.name)
        try:
            answer = self._retry(lambda: self.client.update_item(**request, ReturnValues="ALL_OLD"))
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailedError from error
        return deserialise(answer.get("Attributes", {}))

    def transact(self, *changes: ItemUpdate | ItemPut) -> None:
        """Make all of these changes or none; raises :class:`ConditionFailedError`.

        The items cost twice the write units, their entries in indexes do not.
        """
        items = [self._transact_item(change) for change in changes]
        try:
            self._retry(lambda: self.client.transact_write_items(TransactItems=items))  # type: ignore[arg-type]
        except self.client.exceptions.TransactionCanceledException as error:
            if _CONDITION_FAILED in _reasons(error):
                raise ConditionFailedError from error
            raise

    def _transact_item(self, change: ItemUpdate | ItemPut) -> dict[str, Any]:
        if isinstance(change, ItemUpdate):
            return {"Update": change.request(self.name)}
        condition = _condition_request(change.condition)
        return {"Put": {"TableName": self.name, "Item": serialise(change.item), **condition}}

    def add_one(self, file_id: str, entry: str, name: str) -> int:
        """Add one to a number, atomically, and return the sum."""
        request = ItemUpdate(file_id, entry, add={name: 1}).request(self.name)
        answer = self.client.update_item(**request, ReturnValues="UPDATED_NEW")
        return int(deserialise(answer["Attributes"])[name])

    def _retry[Answer](self, call: Callable[[], Answer]) -> Answer:
        """Retry a call after contention or throttling, for about 2.5 s at most."""
        for wait_s in backoff(_FIRST_WAIT_S, _MOST_ATTEMPTS):
            try:
                return call()
            except ClientError as error:
                if not _is_retryable(error):
                    raise
            self._sleep(wait_s)
        return call()


def _is_retryable(error: ClientError) -> bool:
    """Tell whether the call failed from nothing but contention or throttling."""
    reasons = _reasons(error)
    return bool(reasons) and reasons <= _RETRYABLE


def _reasons(error: ClientError) -> set[str]:
    """Return the error codes: of a cancelled transaction those of its items, otherwise the call's own."""
    cancelled = error.response.get("CancellationReasons")
    codes = [reason.get("Code", "None") for reason in cancelled] if cancelled else [error.response["Error"]["Code"]]
    return {str(code) for code in codes} - {"None"}


def item_key(file_id: str, entry: str) -> dict[str, Any]:
    """Write an item's key in attribute values."""
    return serialise({"file_id": file_id, "entry": entry})


def serialise(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write values as attribute values."""
    return {name: _serializer.serialize(value) for name, value in values.items()}


def deserialise(item: Mapping[str, Any]) -> dict[str, Any]:
    """Read attribute values; numbers become Decimal."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def key_condition_request(condition: ConditionBase, keep: ConditionBase | None = None) -> dict[str, Any]:
    """Write a key condition as part of a Query request; the answer leaves out items that do not meet ``keep``."""
    builder = ConditionExpressionBuilder()  # It numbers the placeholders.
    built = builder.build_expression(condition, is_key_condition=True)
    names, values = built.attribute_name_placeholders, built.attribute_value_placeholders
    request: dict[str, Any] = {"KeyConditionExpression": built.condition_expression}
    if keep:
        kept = builder.build_expression(keep)
        names, values = names | kept.attribute_name_placeholders, values | kept.attribute_value_placeholders
        request["FilterExpression"] = kept.condition_expression
    return {**request, "ExpressionAttributeNames": names, "ExpressionAttributeValues": serialise(values)}


def _condition_request(condition: ConditionBase | None) -> dict[str, Any]:
    if condition is None:
        return {}
    built = ConditionExpressionBuilder().build_expression(condition)
    request: dict[str, Any] = {
        "ConditionExpression": built.condition_expression,
        "ExpressionAttributeNames": built.attribute_name_placeholders,
    }
    if built.attribute_value_placeholders:
        request["ExpressionAttributeValues"] = serialise(built.attribute_value_placeholders)
    return request
