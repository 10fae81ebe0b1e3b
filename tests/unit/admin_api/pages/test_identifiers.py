"""A pasted identifier is recognised by its form, whatever was copied along with it."""

from __future__ import annotations

import pytest

from admin_api.pages.search.identifiers import Identifier

FILE_ID = "3887c2b429aa1757c46a1075"
UUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
TRACE = "1-6925f1c0-0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (FILE_ID, "file_id", FILE_ID),
        (f"  {FILE_ID.upper()}\n", "file_id", FILE_ID),
        (f'"{FILE_ID}",', "file_id", FILE_ID),
        (f"processed-data/2026/11/22/{FILE_ID}/orders.csv", "file_id", FILE_ID),
        (f"s3://bucket/archive/2026/11/22/{FILE_ID}/a/b.csv", "file_id", FILE_ID),
        (f"failed-data/2026/11/22/{FILE_ID}/orders.rejected.csv", "file_id", FILE_ID),
        ("c97d585d75bc9179", "run_id", "c97d585d75bc9179"),
        (UUID.upper(), "uuid", UUID),
        (TRACE, "trace_id", TRACE),
        (f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1", "trace_id", TRACE),
        ("20261125T184400Z-0123abcd", "action_id", "20261125T184400Z-0123abcd"),
        ("raw-data/eu/a b.csv", "object_key", "raw-data/eu/a b.csv"),
        ("s3://bucket/raw-data/eu/a.csv", "object_key", "raw-data/eu/a.csv"),
    ],
)
def test_an_identifier_is_recognised(text: str, name: str, value: str) -> None:
    """Case, quotes, spaces and the bucket's name around it do not matter, and it is taken for nothing else."""
    read = Identifier.from_text(text)

    named = {"file_id", "run_id", "uuid", "trace_id", "action_id", "object_key"}
    assert {each: getattr(read, each) for each in named if getattr(read, each)} == {name: value}


@pytest.mark.parametrize("text", ["A-10432", "Acme (UK)", "raw-data/", "s3://bucket", "1-2-3", FILE_ID[:-1], ""])
def test_other_text_stays_as_it_is(text: str) -> None:
    """An order id or a customer keeps every character, brackets included."""
    assert Identifier.from_text(f" {text} ") == Identifier(text)
