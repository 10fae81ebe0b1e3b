"""The page of dead letters on moto: what it shows, and what it offers to whom."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from processor.domain.actions import ActionKind, ActionState
from processor.domain.object_keys import ObjectVersion
from processor.messaging.dead_letter_queue import DeadLetterQueue
from tests.integration.admin_api.console import VIEWER, words
from tests.integration.admin_api.dead_letters import (
    THROTTLED,
    bury_file,
    post_form,
    read_form,
    run_worker,
    send_letter,
    skip_waits,
    take_bodies,
)
from tests.integration.stage import BUCKET, csv_file, s3_event

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage


@pytest.fixture(autouse=True)
def _no_waits(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receive without waiting."""
    skip_waits(console, monkeypatch)


def test_an_empty_queue_says_what_would_come_here(console: ConsoleStage) -> None:
    """Nothing is there, and that is a page of its own."""
    page = words(console.browser().get("/dead-letters"))

    assert "No dead letters" in page
    assert "until somebody redrives or deletes it" in page


def test_letters_stand_by_cause_with_their_files_runs_and_bodies(console: ConsoleStage) -> None:
    """The largest group is first; each letter has its file, state, run, receive count and body."""
    message_id, failed_id = bury_file(console, "a.csv")
    bury_file(console, "b.csv")
    bury_file(console, "c.csv", ("AccessDenied", "PutObject failed: not allowed"))

    page = console.browser().get("/dead-letters")

    text = words(page)
    assert text.index(THROTTLED[1]) < text.index("PutObject failed: not allowed")
    assert "2 letters · 2 files" in text
    assert f'href="/files/{failed_id}"' in page.text
    assert f'href="/files/{failed_id}/runs/run-3"' in page.text
    assert message_id in page.text
    assert html.escape('"eventName": "ObjectCreated:Put"').replace("&quot;", "&#34;") in page.text
    assert "Redrive all" in text


def test_looking_leaves_every_letter_for_the_next_person(console: ConsoleStage) -> None:
    """After the page was shown, all letters can be received by anybody at once."""
    for name in "abc":
        bury_file(console, f"{name}.csv")

    console.browser().get("/dead-letters")

    assert len(take_bodies(console, console.stage.dead_letter_url)) == 3


def test_a_message_that_names_no_file_can_be_read_and_deleted_but_not_redriven(console: ConsoleStage) -> None:
    """Redriving it would only fail again, so that is not offered."""
    send_letter(console, "<b>nonsense</b>")

    page = console.browser().get("/dead-letters")

    assert "The message names no file" in words(page)
    assert "<b>nonsense</b>" not in page.text
    assert "Redrive 1 letter" not in words(page)
    assert read_form(page, "Delete 1 letter")["cause"] == "no_file"


def test_letters_of_settled_files_are_marked_and_cleared_in_one_go(console: ConsoleStage) -> None:
    """A second message about a processed file only needs clearing; that leaves the others alone."""
    entry = console.stage.process("done.csv", csv_file("B-1,Ada,Widget,1,1"))
    for _ in range(3):
        send_letter(console, s3_event(ObjectVersion(BUCKET, entry.object_key, entry.version_id)))
    bury_file(console, "a.csv")
    browser = console.browser()
    page = browser.get("/dead-letters")

    response = post_form(browser, read_form(page, "Clear 3 letters"))
    action = run_worker(console)

    assert "3 of them are settled by now" in words(page)
    assert response.status_code == 303
    assert (action.kind, action.done, action.state) == (ActionKind.DELETE, 3, ActionState.DONE)
    assert action.subject == "3 dead letters of files that were settled since"
    assert len(take_bodies(console, console.stage.dead_letter_url)) == 1
    assert take_bodies(console) == []


def test_a_large_group_shows_ten_and_has_pages_of_its_own(console: ConsoleStage) -> None:
    """The first page names the number and leads to all of them, fifty at a time."""
    for number in range(52):
        send_letter(console, f"nonsense {number}")
    browser = console.browser()

    page = browser.get("/dead-letters")
    group = browser.get("/dead-letters?cause=no_file")
    second = browser.get("/dead-letters?cause=no_file&first=50")

    assert page.text.count("<summary") - page.text.count("data-panel") == 10
    assert "Show all 52 letters" in words(page)
    assert "1\u201350 of 52" in words(group)
    assert "51\u201352 of 52" in words(second)
    assert "No letters of this cause are left" in words(browser.get("/dead-letters?cause=other"))


def test_more_letters_than_one_look_sees_are_told_honestly(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says how many it has seen of about how many, and what its buttons mean then."""
    monkeypatch.setattr("admin_api.actions.dead_letters.MOST_LETTERS", 20)
    for number in range(45):
        send_letter(console, f"nonsense {number}")

    page = console.browser().get("/dead-letters")

    assert "20 of about 45 letters are shown." in words(page)
    assert "Redrive about 45" in words(page)


def test_letters_in_somebody_elses_hands_are_not_denied(console: ConsoleStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue whose letters are all held is not called empty."""
    monkeypatch.setattr("processor.messaging.dead_letter_queue._PATIENCE_S", 0.0)
    send_letter(console, "{}")
    console.stage.clients.sqs.receive_message(QueueUrl=console.stage.dead_letter_url, VisibilityTimeout=60)

    assert "1 letter is in use" in words(console.browser().get("/dead-letters"))


def test_a_queue_that_is_away_takes_only_the_list_with_it(
    console: ConsoleStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says what failed and offers to try again."""

    def refuse(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "ReceiveMessage")

    monkeypatch.setattr(DeadLetterQueue, "take_snapshot", refuse)

    page = words(console.browser().get("/dead-letters"))

    assert "The dead letters could not be loaded" in page
    assert "ReceiveMessage failed: ServiceUnavailable." in page


def test_a_viewer_sees_letters_and_no_buttons(console: ConsoleStage) -> None:
    """Viewers see no actions, and are refused if they post one."""
    bury_file(console, "a.csv")
    browser = console.browser(VIEWER)
    page = browser.get("/dead-letters")
    forced = {"action_id": console.action_id(), "do": "delete", "scope": "all"}

    response = post_form(browser, forced)

    assert "a.csv" in words(page)
    assert "/dead-letters/actions" not in re.sub(r'<form method="post" action="/dead-letters/actions">', "", page.text)
    assert "Redrive" not in words(page)
    assert response.status_code == 403
    assert console.worker.calls == []
