"""Bodies of messages as anybody who may send to a queue could write them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.integration.stage import BUCKET

_TEXT = st.text(st.characters(codec=None), max_size=40)  # Lone surrogates, too: JSON can write them.
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3), max_leaves=8
)


def json_documents() -> st.SearchStrategy[str]:
    """Draw any JSON, also a command about anything, and JSON nested deeper than Python reads."""
    commands = st.fixed_dictionaries({"command": st.sampled_from(["reprocess", "x"]) | _VALUES, "file_id": _VALUES})
    deep = st.integers(1, 50_000).map(lambda depth: "[" * depth + "]" * depth)
    return _VALUES.map(json.dumps) | commands.map(json.dumps) | deep


def hostile_events() -> st.SearchStrategy[str]:
    """Draw S3 events about our bucket whose other fields could be anything."""
    keys = _VALUES | _TEXT.map(lambda text: f"raw-data/{text}") | st.just("raw-data/" + "k" * 5_000)
    records = st.fixed_dictionaries(
        {
            "eventName": st.just("ObjectCreated:Put") | _VALUES,
            "userIdentity": st.fixed_dictionaries({"principalId": _VALUES}) | _VALUES,
            "eventTime": st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]) | _VALUES,
            "s3": st.fixed_dictionaries(
                {
                    "bucket": st.just({"name": BUCKET}) | _VALUES,
                    "object": st.fixed_dictionaries(
                        {"key": keys, "versionId": _VALUES, "size": _VALUES, "sequencer": _VALUES}
                    ),
                }
            ),
        }
    )
    return st.lists(records, min_size=1, max_size=3).map(lambda drawn: json.dumps({"Records": drawn}))
