"""Values travel as boto3 would write them, and conditions name what they compare."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from processor.domain.file_states import FileState
from processor.ledger.attribute_values import Condition, plain, wire

NUMBERS = st.integers(-(10**30), 10**30) | st.decimals(
    min_value=Decimal("-1e20"), max_value=Decimal("1e20"), allow_nan=False, allow_infinity=False, places=9
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.text() | NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=6))
def test_values_are_written_and_read_as_by_boto3(values: dict[str, Any]) -> None:
    """Property: its serializer is the reference, both ways."""
    written = wire(values)

    assert written == {name: TypeSerializer().serialize(value) for name, value in values.items()}
    assert plain(written) == {name: TypeDeserializer().deserialize(value) for name, value in written.items()}
    assert plain(written) == values


def test_tuples_and_states_are_written_as_what_they_hold() -> None:
    """The ledger's shapes have both."""
    written = wire({"rows": (1, 2), "state": FileState.PARTIAL})

    assert written == {"rows": {"L": [{"N": "1"}, {"N": "2"}]}, "state": {"S": "partial"}}
    assert type(written["state"]["S"]) is str


@pytest.mark.parametrize("value", [0.1, {1}, b"x", object()])
def test_what_no_item_holds_is_refused(value: object) -> None:
    """A float would be stored as something else than it says."""
    with pytest.raises(TypeError, match=type(value).__name__):
        wire({"it": value})
    with pytest.raises(TypeError, match="SS"):
        plain({"it": {"SS": ["a"]}})


def test_a_condition_names_its_attributes_and_values() -> None:
    """Names are given behind a #, since many are reserved words, and a name that comes twice is one."""
    condition = Condition(
        "#state = :old OR (#state = :new AND #lease_until < :now)", {"old": "a", "new": "b", "now": 7}
    )

    assert condition.names == {"#state": "state", "#lease_until": "lease_until"}
    assert condition.placed == {":old": "a", ":new": "b", ":now": 7}
