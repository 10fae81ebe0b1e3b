"""Values and conditions in DynamoDB's wire form. Pure.

boto3 has both, and would be a twelfth of what the processor needs to get ready. A test holds the values equal to its.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

NOTHING: Mapping[str, Any] = MappingProxyType({})
_NAME = re.compile(r"#(\w+)")


class Condition(NamedTuple):
    """A condition in DynamoDB's own language, every attribute's name behind a ``#``, and the values in it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
    """

    text: str
    values: Mapping[str, Any] = NOTHING
    """Plain values by their names in the text, without the colon."""

    @property
    def names(self) -> dict[str, str]:
        """The attributes by their names in the text: many a plain one is reserved."""
        return {f"#{name}": name for name in _NAME.findall(self.text)}

    @property
    def placed(self) -> dict[str, Any]:
        """The plain values by their names in the text."""
        return {f":{name}": value for name, value in self.values.items()}


def wire(values: Mapping[str, Any]) -> dict[str, Any]:
    """Serialise; a tuple counts as a list, an enum of text as text. Raises TypeError for what no item of ours holds."""
    return {name: _to_wire(value) for name, value in values.items()}


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Deserialise an item: numbers become Decimal. Raises TypeError for what no item of ours holds."""
    return {name: _from_wire(value) for name, value in item.items()}


def _to_wire(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": str(value)}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [_to_wire(each) for each in value]}
        case Mapping():
            return {"M": wire(value)}
    raise TypeError(type(value).__name__)


def _from_wire(value: Mapping[str, Any]) -> Any:
    ((kind, found),) = value.items()
    match kind:
        case "S" | "BOOL":
            return found
        case "N":
            return Decimal(found)
        case "NULL":
            return None
        case "L":
            return [_from_wire(each) for each in found]
        case "M":
            return plain(found)
    raise TypeError(kind)
