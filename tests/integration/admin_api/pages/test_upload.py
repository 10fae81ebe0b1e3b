"""The upload page: what it allows, how it follows a file, what it writes down; and the reader's preferences."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from processor.domain.actions import ActionKind, ActionState
from processor.domain.object_keys import INBOX, file_id
from processor.ledger.run_begin import RunStart
from tests.integration.admin_api.console import OPERATOR, URL, VIEWER, words
from tests.integration.stage import BUCKET, csv_file

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.integration.admin_api.console import ConsoleStage
    from tests.integration.stage import Stage


def _fields(page: str) -> dict[str, str]:
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in inputs if name != "next"}


def _policy(fields: dict[str, str]) -> list[Any]:
    conditions: list[Any] = json.loads(base64.b64decode(fields["policy"]))["conditions"]
    return conditions


def _follow(browser: TestClient, key: str, version: str = "") -> Any:
    return browser.get(
        "/upload/progress",
        params={"key": key, "version": version},
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    )


def test_only_the_page_with_the_form_may_send_to_the_bucket(console: ConsoleStage) -> None:
    """The bucket is where browsers upload to, and no other page has a reason to."""
    browser = console.browser()
    origin = console.console.bucket_origin

    policies = {path: browser.get(path).headers["Content-Security-Policy"] for path in ("/", "/files", "/upload")}

    assert f"connect-src 'self' {origin};" in policies["/upload"]
    assert f"form-action 'self' {origin};" in policies["/upload"]
    assert [path for path, policy in policies.items() if origin in policy] == ["/upload"]


def test_the_plain_form_binds_folder_size_type_and_way_back(console: ConsoleStage) -> None:
    """The form allows files of the permitted size in one folder of the inbox, and nothing else."""
    fields = _fields(console.browser().get("/upload").text)

    conditions = _policy(fields)
    folder = fields["key"].removesuffix("${filename}")
    assert re.fullmatch("raw-data/console/[0-9a-f]{8}/", folder)
    assert ["starts-with", "$key", folder] in conditions
    assert ["content-length-range", 0, 1_000_000] in conditions
    assert {"Content-Type": "text/csv"} in conditions
    assert {"success_action_redirect": fields["success_action_redirect"]} in conditions
    assert {"x-amz-meta-uploaded-by": OPERATOR.email} in conditions
    assert fields["success_action_redirect"].startswith(f"{URL}/upload/received/")


def test_every_field_of_the_plain_form_is_in_its_policy(console: ConsoleStage) -> None:
    """S3 refuses a form with a field that its policy does not name; the file comes last, as what follows is ignored."""
    page = console.browser().get("/upload").text

    form = page[page.index('<form class="card drop"') : page.index("</form>", page.index('<form class="card drop"'))]
    names = re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', form)
    named = {
        next(iter(each)) if isinstance(each, dict) else str(each[1]).lstrip("$") for each in _policy(_fields(page))
    }
    assert names[-1] == "file"
    assert set(names[:-1]) - {"policy", "x-amz-signature"} <= named


def test_a_viewer_gets_no_permission(console: ConsoleStage) -> None:
    """Neither a form nor a presigned POST."""
    browser = console.browser(VIEWER)

    page = browser.get("/upload")
    asked = browser.post("/api/uploads", json={"name": "orders.csv"})

    assert '<form class="card drop"' not in page.text
    assert "cannot upload" in words(page)
    assert asked.status_code == 403


def test_a_script_is_allowed_one_name_and_it_is_written_down(console: ConsoleStage) -> None:
    """The policy binds the key, in the folder that all of the console's uploads share; the activity names who asked."""
    answer = console.browser().post("/api/uploads", json={"name": "orders.csv", "encoding": "cp1252"})

    post = answer.json()
    assert answer.status_code == 201
    assert post["object_key"].startswith("raw-data/console/")
    assert {"key": post["object_key"]} in _policy(post["fields"])
    assert {"x-amz-meta-encoding": "cp1252"} in _policy(post["fields"])
    assert {"x-amz-meta-uploaded-by": OPERATOR.email} in _policy(post["fields"])
    (action,) = console.console.actions.list_actions().actions
    assert (action.kind, action.who, action.subject) == (ActionKind.UPLOAD, OPERATOR.email, "orders.csv")
    assert action.selection == {"object_key": post["object_key"]}


@pytest.mark.parametrize("rows", [1_000, "1000"])
def test_what_a_script_announces_is_bound_to_the_upload(console: ConsoleStage, rows: object) -> None:
    """As metadata of the object, which the policy demands, so that the file is held if it has something else."""
    post = console.browser().post("/api/uploads", json={"name": "a.csv", "rows": rows, "total": "12345.60"}).json()

    assert {"x-amz-meta-rows": "1000"} in _policy(post["fields"])
    assert {"x-amz-meta-total": "12345.60"} in _policy(post["fields"])
    assert post["fields"]["x-amz-meta-total"] == "12345.60"


@pytest.mark.parametrize(
    ("announced", "problem"),
    [
        ({"rows": "1,000"}, "not a whole number"),
        ({"rows": 10.5}, "not a whole number"),
        ({"rows": "-1"}, "not a whole number"),
        ({"rows": "٣"}, "not a whole number"),
        ({"total": "12345,60"}, "not a number such as 12345.60"),
        ({"total": "1e5"}, "not a number such as 12345.60"),
        ({"total": "$5"}, "not a number such as 12345.60"),
    ],
)
def test_an_announcement_that_is_no_number_is_refused_in_words(
    console: ConsoleStage, announced: dict[str, object], problem: str
) -> None:
    """Before the upload, as the file would be held for it."""
    answer = console.browser().post("/api/uploads", json={"name": "orders.csv"} | announced)

    assert answer.status_code == 422
    assert problem in answer.json()["detail"]


def test_nothing_is_announced_unless_somebody_says_so(console: ConsoleStage) -> None:
    """Empty fields are those of a form that nobody filled in."""
    answer = console.browser().post("/api/uploads", json={"name": "orders.csv", "rows": "", "total": None})

    assert answer.status_code == 201
    assert not {"x-amz-meta-rows", "x-amz-meta-total"} & answer.json()["fields"].keys()


@pytest.mark.parametrize("name", ["orders.xlsx", "a/b.csv", "${filename}.csv", "\x00.csv"])
def test_a_name_that_cannot_be_processed_is_refused_before_the_upload(console: ConsoleStage, name: str) -> None:
    """In words, and nothing is written down."""
    answer = console.browser().post("/api/uploads", json={"name": name})

    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert console.console.actions.list_actions().actions == ()


def test_a_file_is_followed_from_the_inbox_to_its_end(console: ConsoleStage, stage: Stage) -> None:
    """Before its run the page asks again, afterwards it says what became of the file and asks no more."""
    browser = console.browser()
    version = stage.upload("a1b2c3d4/orders.csv", csv_file("A-1,Zoe,Pen,1,1.00", "A-2,Max,Ink,x,1.00"))

    before = _follow(browser, version.key, version.version_id)
    stage.deliver(version)
    after = _follow(browser, version.key, version.version_id)

    assert "its run starts in a moment" in words(before)
    assert 'hx-trigger="every' in before.text
    assert "1 of 2 rows stored as orders; 1 was rejected: quantity: not a whole number" in words(after)
    assert 'data-settled="partial"' in after.text
    assert "hx-trigger" not in after.text


def test_an_encoding_left_open_is_that_of_the_stack(stage: Stage) -> None:
    """The plain form sends its field even when nothing is chosen in it."""
    stage.configure(default_encoding="cp1252")

    entry = stage.process("a1b2c3d4/till.csv", csv_file("A-1,Zoë,Pen,1,1.00").decode().encode("cp1252"), encoding="")

    assert (entry.state, entry.accepted_rows) == ("processed", 1)


def test_a_file_is_found_by_its_key_alone(console: ConsoleStage, stage: Stage) -> None:
    """S3 does not say which version it made when it leads a browser back; the key's folder is the upload's own."""
    for folder in ("a1b2c3d4", "b1b2c3d4"):
        stage.deliver(stage.upload(f"{folder}/orders.csv", csv_file(f"{folder},Zoe,Pen,1,1.00")))

    answer = _follow(console.browser(), f"{INBOX}b1b2c3d4/orders.csv")

    assert 'data-settled="processed"' in answer.text
    assert answer.text.count("/files/") == 1


def test_a_running_file_shows_how_far_it_is(console: ConsoleStage, stage: Stage) -> None:
    """Bytes make the bar, rows the words."""
    version = stage.upload("a1b2c3d4/orders.csv", csv_file("A-1,Zoe,Pen,1,1.00"))
    now = console.console.now()
    console.console.__dict__["now"] = lambda: now
    run = RunStart("run", (now - timedelta(seconds=30)).isoformat(), "message", 1, 0, int(now.timestamp()) + 900)
    ledger = console.console.ledger
    begun = ledger.begin_run(file_id(version), version, run)
    ledger.report_progress(begun.entry, rows=118_000, read_bytes=6_000, size_bytes=10_000)

    answer = _follow(console.browser(), version.key, version.version_id)

    assert 'value="6000" max="10000"' in answer.text
    assert "118,000 rows · about 20.0 s left 60 %" in words(answer)


def test_a_file_that_nobody_takes_up_is_called_late(console: ConsoleStage) -> None:
    """After half a minute the page says so and leads to the overview, rather than wait for ever."""
    since = console.console.now() - timedelta(minutes=1)

    answer = console.browser().get(
        "/upload/progress", params={"key": f"{INBOX}a/b.csv", "version": "v", "since": since.isoformat()}
    )

    assert "no run has started for a while" in words(answer)


def test_a_look_keeps_the_time_it_began(console: ConsoleStage) -> None:
    """The next look's address carries it, so that lateness is counted from the first one."""
    since = (console.console.now() - timedelta(seconds=9)).isoformat()

    answer = console.browser().get(
        "/upload/progress", params={"key": f"{INBOX}a/b.csv", "version": "v", "since": since}
    )

    address = re.search(r'hx-get="([^"]+)"', answer.text)
    assert address
    assert parse_qs(urlsplit(address[1].replace("&amp;", "&")).query)["since"] == [since]


@pytest.mark.parametrize("key", ["archive/2026/a.csv", "../raw-data/a.csv", ""])
def test_only_the_inbox_is_followed(console: ConsoleStage, key: str) -> None:
    """Any other key is refused."""
    assert console.browser().get("/upload/progress", params={"key": key}).status_code == 422


def way_back(browser: TestClient) -> tuple[str, str]:
    """Return the path to which S3 leads a form's browser back, and the folder that the form uploads to."""
    fields = _fields(browser.get("/upload").text)
    return urlsplit(fields["success_action_redirect"]).path, fields["key"].removesuffix("${filename}")


def test_coming_back_from_the_plain_form_is_written_down_once(console: ConsoleStage, stage: Stage) -> None:
    """A reload of that page is the same upload."""
    browser = console.browser()
    path, folder = way_back(browser)
    key = stage.upload(f"{folder.removeprefix(INBOX)}orders.csv", csv_file("A-1,Zoe,Pen,1,1.00")).key

    pages = [browser.get(path, params={"bucket": BUCKET, "key": key, "etag": '"x"'}) for _ in range(2)]

    assert [page.status_code for page in pages] == [200, 200]
    assert "orders.csv" in words(pages[0])
    (action,) = console.console.actions.list_actions().actions
    assert (action.kind, action.subject, action.state) == (ActionKind.UPLOAD, "orders.csv", ActionState.DONE)


def test_a_second_upload_by_one_form_is_written_down_too(console: ConsoleStage, stage: Stage) -> None:
    """The form's policy allows any name for 15 minutes; a file that is settled by the time counts as well."""
    browser = console.browser()
    path, folder = way_back(browser)
    for name in ("one.csv", "two.csv"):
        version = stage.upload(f"{folder.removeprefix(INBOX)}{name}", csv_file(f"{name},Zoe,Pen,1,1.00"))
        stage.deliver(version)

        browser.get(path, params={"key": version.key})

    assert sorted(each.subject for each in console.console.actions.list_actions().actions) == ["one.csv", "two.csv"]


@pytest.mark.parametrize("key", [f"{INBOX}NOT-MINE-1.csv", f"{INBOX}a1b2c3d4/orders.csv"])
def test_a_form_records_nothing_that_it_did_not_upload(console: ConsoleStage, stage: Stage, key: str) -> None:
    """Whoever changes the address's end is refused, though such an object may exist."""
    browser = console.browser()
    path, _ = way_back(browser)
    stage.upload(key.removeprefix(INBOX), b"")

    answer = browser.get(path, params={"key": key})

    assert answer.status_code == 422
    assert console.console.actions.list_actions().actions == ()


def test_an_upload_that_never_was_is_not_recorded(console: ConsoleStage) -> None:
    """The address has the form's own folder, and there is no such object."""
    browser = console.browser()
    path, folder = way_back(browser)

    browser.get(path, params={"key": f"{folder}orders.csv"})

    assert console.console.actions.list_actions().actions == ()


def test_a_permission_is_no_upload_until_the_file_has_come(console: ConsoleStage, stage: Stage) -> None:
    """The activity says "permitted", then "done" with the file, which names its uploader."""
    browser = console.browser()
    post = browser.post("/api/uploads", json={"name": "orders.csv"}).json()
    metadata = {
        name.removeprefix("x-amz-meta-"): value for name, value in post["fields"].items() if "x-amz-meta-" in name
    }
    [before] = browser.get("/api/actions").json()["actions"]
    page = browser.get("/activity")
    version = stage.upload(post["object_key"].removeprefix(INBOX), csv_file("A-1,Zoe,Pen,1,1.00"), **metadata)

    stage.deliver(version)

    [after] = browser.get("/api/actions").json()["actions"]
    assert (before["state"], before["done"], before["finished_at"]) == ("permitted", 0, "")
    assert "Permitted" in words(page)
    assert (after["state"], after["done"], after["file_id"]) == ("done", 1, file_id(version))
    assert browser.get(f"/api/files/{file_id(version)}").json()["file"]["uploaded_by"] == OPERATOR.email


@pytest.mark.parametrize("upload_id", ["20261122T102030Z-00000000", "", "x" * 500, "../a", "ä"])
def test_an_object_cannot_pass_for_another_upload(console: ConsoleStage, stage: Stage, upload_id: str) -> None:
    """Whoever may put objects can write any metadata: a permission for another key stays open."""
    browser = console.browser()
    browser.post("/api/uploads", json={"name": "orders.csv"})
    [permitted] = console.console.actions.list_actions().actions
    forged = permitted.action_id if upload_id.endswith("0000") else upload_id
    metadata = {"upload-id": forged} if forged.isascii() else {"upload-id": "%C3%A4"}

    entry = stage.process("elsewhere/orders.csv", csv_file("A-1,Zoe,Pen,1,1.00"), **metadata)

    assert entry.state == "processed"
    [action] = console.console.actions.list_actions().actions
    assert action == permitted


def test_a_forged_way_back_writes_nothing_down(console: ConsoleStage) -> None:
    """A link from elsewhere cannot put words into the activity."""
    answer = console.browser().get("/upload/received/forged", params={"key": f"{INBOX}a1b2c3d4/orders.csv"})

    assert answer.status_code == 422
    assert console.console.actions.list_actions().actions == ()


def test_preferences_are_kept_and_lead_back(console: ConsoleStage) -> None:
    """The next page is in the chosen theme and clock."""
    browser = console.browser()

    answer = browser.post("/preferences", data={"theme": "dark", "clock": "utc", "next": "/upload"})
    page = browser.get("/upload").text

    assert (answer.status_code, answer.headers["location"]) == (303, "/upload")
    assert 'data-theme="dark"' in page
    assert 'name="clock" value="local"' in page


@pytest.mark.parametrize(
    ("data", "status"), [({"theme": "pink"}, 422), ({"clock": "moon"}, 422), ({"theme": "dark", "next": "//evil"}, 303)]
)
def test_preferences_take_nothing_else(console: ConsoleStage, data: dict[str, str], status: int) -> None:
    """Unknown values are refused, and no other site is led to."""
    answer = console.browser().post("/preferences", data=data)

    assert answer.status_code == status
    assert answer.headers.get("location", "/") == "/"
