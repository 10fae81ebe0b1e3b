"""A thin layer over the files table's client: plain Python values in and out, conditions as boto3's own objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from processor.errors import WaybillError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boto3.dynamodb.conditions import ConditionBase
    from mypy_boto3_dynamodb import DynamoDBClient

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class ConditionFailedError(WaybillError):
    """The item is not as the condition wants it."""


class FilesTable:
    """The files table's items, addressed by ``file_id`` and ``entry``."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, file_id: str, entry: str) -> dict[str, Any]:
        """Read one item as last written; {} if there is none."""
        answer = self._client.get_item(TableName=self._name, Key=_key(file_id, entry), ConsistentRead=True)
        return _plain(answer.get("Item", {}))

    def entries(self, file_id: str, prefix: str) -> list[dict[str, Any]]:
        """List a file's items whose sort key begins with ``prefix``, in its order."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="file_id = :id AND begins_with(entry, :prefix)",
            ExpressionAttributeValues=_wire({":id": file_id, ":prefix": prefix}),
            ConsistentRead=True,
        )
        return [_plain(item) for page in pages for item in page["Items"]]

    def put(self, item: Mapping[str, Any], condition: ConditionBase | None = None) -> None:
        """Write one item; raises :class:`ConditionFailedError`."""
        expression: dict[str, Any] = {}
        if condition is not None:
            built = ConditionExpressionBuilder().build_expression(condition)
            expression = {
                "ConditionExpression": built.condition_expression,
                "ExpressionAttributeNames": built.attribute_name_placeholders,
            }
            if built.attribute_value_placeholders:
                expression["ExpressionAttributeValues"] = _wire(built.attribute_value_placeholders)
        try:
            self._client.put_item(TableName=self._name, Item=_wire(item), **expression)
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailedError from error

    def update(
        self,
        file_id: str,
        entry: str,
        condition: ConditionBase,
        values: Mapping[str, Any],
        *,
        first: Mapping[str, Any] | None = None,
        remove: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Change one item and return it as it was before ({} if it is new); raises :class:`ConditionFailedError`.

        ``first`` holds values that are set only where the attribute does not exist yet.
        """
        built = ConditionExpressionBuilder().build_expression(condition)
        names = dict(built.attribute_name_placeholders)
        placeholders = dict(built.attribute_value_placeholders)
        sets = []
        for number, (name, value) in enumerate({**values, **(first or {})}.items()):
            names[f"#s{number}"] = name
            placeholders[f":s{number}"] = value
            kept = first is not None and name in first
            sets.append(f"#s{number} = " + (f"if_not_exists(#s{number}, :s{number})" if kept else f":s{number}"))
        for number, name in enumerate(remove):
            names[f"#r{number}"] = name
        removes = ", ".join(f"#r{number}" for number in range(len(remove)))
        try:
            answer = self._client.update_item(
                TableName=self._name,
                Key=_key(file_id, entry),
                UpdateExpression="SET " + ", ".join(sets) + (f" REMOVE {removes}" if removes else ""),
                ConditionExpression=built.condition_expression,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=_wire(placeholders),
                ReturnValues="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionFailedError from error
        return _plain(answer.get("Attributes", {}))

    def add_one(self, file_id: str, entry: str, name: str) -> int:
        """Add one to a number, atomically, and return the sum."""
        answer = self._client.update_item(
            TableName=self._name,
            Key=_key(file_id, entry),
            UpdateExpression="ADD #name :one",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues=_wire({":one": 1}),
            ReturnValues="UPDATED_NEW",
        )
        return int(_plain(answer["Attributes"])[name])


def _key(file_id: str, entry: str) -> dict[str, Any]:
    return _wire({"file_id": file_id, "entry": entry})


def _wire(values: Mapping[str, Any]) -> dict[str, Any]:
    """Serialise; a tuple counts as a list, an enum of text as text."""
    return {name: _serialize(list(value) if isinstance(value, tuple) else value) for name, value in values.items()}


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in item.items()}
