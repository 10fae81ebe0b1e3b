"""Uploads that their clients have left unfinished are told of once, after a day, and shown for what they are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import EndpointConnectionError

from admin_api.actions import unfinished_uploads
from admin_api.actions.unfinished_uploads import look_for_unfinished_uploads
from processor.domain.object_keys import file_id
from tests.integration.admin_api.console import words
from tests.integration.stage import BUCKET, GOOD_ROWS, csv_file

if TYPE_CHECKING:
    from typing import Any

    import pytest

    from tests.integration.admin_api.console import ConsoleStage

NAME = "acme/orders.csv.part"


def advance_clock(console: ConsoleStage, **time: float) -> None:
    """Let time go by."""
    now = console.console.now
    console.console.__dict__["now"] = lambda: now() + timedelta(**time)


def subjects(console: ConsoleStage) -> list[str]:
    """Let the schedule come, and list the subjects of the mails that it sends."""
    look_for_unfinished_uploads(console.console)
    return [mail["Subject"] for mail in console.stage.mails()]


def test_unfinished_upload_is_told_of_once(console: ConsoleStage) -> None:
    """Not on its first day, and never twice; the mail names the object and the page of the inbox."""
    console.stage.upload(NAME, b"order_id,cust")
    console.stage.upload("lost.csv", csv_file(*GOOD_ROWS))
    first_day = subjects(console)

    advance_clock(console, hours=25)
    look_for_unfinished_uploads(console.console)
    [mail] = console.stage.mails()
    advance_clock(console, days=30)
    later = subjects(console)

    assert (first_day, later) == ([], [])
    assert mail["Subject"] == "[Waybill test] unfinished upload: orders.csv.part"
    assert f"s3://{BUCKET}/raw-data/{NAME}" in mail["Message"]
    assert "/files/inbox" in mail["Message"]
    assert console.stage.objects("raw-data/") == [f"raw-data/{NAME}", "raw-data/lost.csv"]


def test_finished_upload_is_not_told_of(console: ConsoleStage) -> None:
    """Its client has renamed it: what is left lies below a delete marker; or it has written the name once more."""
    s3 = console.stage.clients.s3
    console.stage.upload("renamed.csv.part", b"order_id")
    s3.delete_object(Bucket=BUCKET, Key="raw-data/renamed.csv.part")
    console.stage.upload("resumed.csv.part", b"order_id")
    console.stage.upload("resumed.csv.part", b"order_id,customer_name")

    advance_clock(console, hours=25)

    assert subjects(console) == ["[Waybill test] unfinished upload: resumed.csv.part"]


def test_new_try_that_is_left_unfinished_is_told_of(console: ConsoleStage) -> None:
    """The client has come back and left again."""
    console.stage.upload(NAME, b"order_id")
    advance_clock(console, hours=25)
    first = subjects(console)

    console.stage.upload(NAME, b"order_id,customer_name")

    assert len(first) == 1
    assert len(subjects(console)) == 1


def test_few_mails_at_once(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next look tells of the others, however many stretches the inbox has."""
    monkeypatch.setattr(unfinished_uploads, "_MOST_MAILS", 2)
    monkeypatch.setattr("admin_api.actions.inbox.MOST_LOOKED_THROUGH", 2)
    for number in range(5):
        console.stage.upload(f"{number}.csv.part", b"")
    advance_clock(console, hours=25)

    looks = [len(subjects(console)) for _ in range(4)]

    assert looks == [2, 2, 1, 0]


def test_mail_that_fails_is_sent_by_the_next_look(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit, which comes behind it, goes on."""
    console.stage.upload(NAME, b"")
    advance_clock(console, hours=25)

    def refuse(*_: Any, **__: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://sns")

    with monkeypatch.context() as patch:
        patch.setattr(console.console.notifier, "publish_mail", refuse)
        failed = subjects(console)

    assert failed == []
    assert len(subjects(console)) == 1


def test_page_tells_unfinished_from_lost(console: ConsoleStage) -> None:
    """Each kind has its own list, and its own words on the button."""
    console.stage.upload(NAME, b"order_id")
    lost = console.stage.upload("lost.csv", csv_file(*GOOD_ROWS))
    advance_clock(console, minutes=3)

    page = words(console.browser().get("/files/inbox"))
    objects = console.browser().get("/api/inbox").json()["objects"]

    assert page.index("lost.csv") < page.index("Unfinished uploads") < page.index("orders.csv.part")
    assert "Process as it is" in page
    assert {each["object_key"]: each["is_temporary"] for each in objects} == {
        f"raw-data/{NAME}": True,
        "raw-data/lost.csv": False,
    }
    assert file_id(lost) in [each["file_id"] for each in objects]


def test_page_without_lost_objects_says_so(console: ConsoleStage) -> None:
    """What a client is still writing is not called left behind."""
    console.stage.upload(NAME, b"order_id")
    advance_clock(console, minutes=3)

    page = words(console.browser().get("/files/inbox"))

    assert "Nothing is left behind" in page
    assert "orders.csv.part" in page
