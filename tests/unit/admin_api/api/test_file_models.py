"""The JSON of a file: what it announced, what was read, and the other files that it names."""

from __future__ import annotations

from admin_api.api.file_models import FileOut
from processor.domain.file_states import FileState
from tests.unit.admin_api.made_files import OTHER_ID, made_file

SAME_ORDERS = {"orders": 1_000, "known": 997, "same": 994, "changed": 3, "files": [OTHER_ID], "is_exact": False}


def test_a_held_file_tells_what_came_before() -> None:
    """The counts, and which files have the orders."""
    document = FileOut.of(made_file(state=FileState.HELD, cause="same_orders", same_orders=SAME_ORDERS)).model_dump()

    assert document["same_orders"] == {
        "orders": 1_000,
        "known": 997,
        "same": 994,
        "changed": 3,
        "new": 3,
        "is_exact": False,
        "files": [OTHER_ID],
    }


def test_what_was_announced_stands_beside_what_was_read() -> None:
    """The number of rows as a number; the total as it was written, so that nothing is rounded."""
    document = FileOut.of(
        made_file(
            announced_rows="0100", announced_total="12345.60", read_rows=99, read_total="12340.60", sent_by="AWS:A"
        )
    ).model_dump()

    assert (document["announced_rows"], document["read_rows"]) == (100, 99)
    assert (document["announced_total"], document["read_total"]) == ("12345.60", "12340.60")
    assert document["sent_by"] == "AWS:A"


def test_what_is_not_known_is_null() -> None:
    """A file of which nothing was announced, nor is anything read yet."""
    document = FileOut.of(made_file(state=FileState.PROCESSING)).model_dump()

    names = ("announced_rows", "announced_total", "read_rows", "read_total", "same_orders")
    assert {name: document[name] for name in names} == dict.fromkeys(names)
    assert (document["waits_for"], document["replaces"], document["replaced_by"]) == ("", [], [])


def test_an_announcement_that_is_no_number_is_null() -> None:
    """Its words are in the file's error."""
    assert FileOut.of(made_file(announced_rows="a thousand")).announced_rows is None


def test_a_settled_file_has_read_its_rows() -> None:
    """Accepted and rejected ones, where nothing was announced."""
    assert FileOut.of(made_file(accepted_rows=7, rejected_rows=3)).read_rows == 10


def test_replacing_names_the_other_files() -> None:
    """In both directions."""
    document = FileOut.of(made_file(replaces=(OTHER_ID,), replaced_by=("f" * 24,), replaced_rows=12)).model_dump()

    assert document["replaces"] == [OTHER_ID]
    assert (document["replaced_by"], document["replaced_rows"]) == (["f" * 24], 12)
