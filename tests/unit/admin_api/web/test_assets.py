"""Static files are named after their content, cached for ever, compressed, and fit the content security policy."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from admin_api.web.assets import ASSETS, BUNDLES, FOLDER, Assets, asset, router

ROOT = Path(__file__).parents[4]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted(FOLDER.glob("css/**/*.css"))


@pytest.fixture(scope="module")
def browser() -> TestClient:
    """Provide a client that asks for static files."""
    app = FastAPI()
    app.include_router(router)
    return TestClient(app)


def test_an_address_changes_with_the_content_and_with_nothing_else(tmp_path: Path) -> None:
    """A new style gets a new address; the same bytes keep theirs."""
    (tmp_path / "a.css").write_text("a { color: red }")
    before = Assets.from_folder(tmp_path, {"app.css": ("a.css",)}).url("app.css")
    again = Assets.from_folder(tmp_path, {"app.css": ("a.css",)}).url("app.css")

    (tmp_path / "a.css").write_text("a { color: blue }")
    after = Assets.from_folder(tmp_path, {"app.css": ("a.css",)}).url("app.css")

    assert before == again
    assert before != after


@pytest.mark.parametrize("name", sorted(BUNDLES))
def test_every_file_is_compressed_typed_and_kept_for_ever(browser: TestClient, name: str) -> None:
    """The browser unpacks the file itself, and may cache it for a year."""
    answer = browser.get(asset(name), headers={"Accept-Encoding": "br, gzip"})

    assert answer.status_code == 200
    assert answer.content == ASSETS.by_name[name].body
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(answer.content) or len(answer.content) < 100
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"].split(";")[0] in {"text/css", "text/javascript", "image/svg+xml"}


@pytest.mark.parametrize("accepted", ["", "br"])
def test_a_browser_that_takes_no_gzip_gets_none(browser: TestClient, accepted: str) -> None:
    """The plain bytes come, without a coding."""
    answer = browser.get(asset("app.css"), headers={"Accept-Encoding": accepted})

    assert "content-encoding" not in answer.headers
    assert answer.content == ASSETS.by_name["app.css"].body


def test_a_browser_that_has_the_file_gets_no_second_copy(browser: TestClient) -> None:
    """Its tag is enough."""
    tag = browser.get(asset("app.js")).headers["etag"]

    answer = browser.get(asset("app.js"), headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


def test_asking_only_for_the_headers_sends_only_those(browser: TestClient) -> None:
    """HEAD says how long the body would be."""
    answer = browser.head(asset("app.js"), headers={"Accept-Encoding": "gzip"})

    assert answer.content == b""
    assert int(answer.headers["content-length"]) == len(ASSETS.by_name["app.js"].zipped)


@pytest.mark.parametrize(
    "path", ["/static/000000000000/app.css", "/static/000000000000/nothing.css", "/static/app.css"]
)
def test_any_other_content_or_name_is_not_found(browser: TestClient, path: str) -> None:
    """An old address is never answered with new content, since it would be kept for a year."""
    answer = browser.get(path)

    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_every_file_of_the_folder_is_served() -> None:
    """Nothing lies there forgotten, but the licence of what is not ours."""
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    served = {part for parts in BUNDLES.values() for part in parts}

    assert there - served == {"vendor/htmx.LICENSE"}


@pytest.mark.parametrize("script", sorted(FOLDER.rglob("*.js")), ids=lambda path: path.name)
def test_every_script_ends_its_last_statement(script: Path) -> None:
    """The next script of a bundle begins with a parenthesis, which would otherwise call the statement."""
    assert script.read_text().rstrip().endswith(";")


def test_compressing_gives_the_same_bytes_everywhere() -> None:
    """No time of day is in them, so that two deployments of one commit are the same."""
    style = ASSETS.by_name["app.css"]

    assert style.zipped == gzip.compress(style.body, compresslevel=9, mtime=0)


def test_the_htmx_we_serve_is_the_one_we_pin() -> None:
    """The copy is npm's file, unchanged, of the exact version that package.json and its lock name."""
    wanted = json.loads((ROOT / "package.json").read_text())["dependencies"]["htmx.org"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]["node_modules/htmx.org"]["version"]
    copy = (FOLDER / "vendor/htmx.min.js").read_bytes()

    assert re.fullmatch(r"\d+\.\d+\.\d+", wanted)
    assert locked == wanted
    assert f'"{wanted}"'.encode() in copy
    published = ROOT / "node_modules/htmx.org/dist/htmx.min.js"
    if published.exists():
        assert copy == published.read_bytes()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_hold_nothing_that_the_policy_refuses(template: Path) -> None:
    """No inline script, style or handler: the browser would refuse them, and the page would be broken."""
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)

    assert not re.search(r"<style|\sstyle\s*=|\son[a-z]+\s*=|hx-on|javascript:|['\"]js:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_name_icons_that_there_are(template: Path) -> None:
    """Every drawing asked for is in the sprite; a wrong name would be an empty square that nobody notices."""
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (FOLDER / "icons.svg").read_text()))
    asked = set(re.findall(r'\bicon\("([^"]+)"', re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)))

    assert asked <= drawn


@pytest.mark.parametrize("style", [path for path in STYLES if path.name != "tokens.css"], ids=lambda path: path.name)
def test_colours_are_named_in_one_place(style: Path) -> None:
    """Outside the tokens a colour is a name, so that both themes have it."""
    text = re.sub(r"/\*.*?\*/", "", style.read_text(), flags=re.DOTALL)

    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(|\boklch\(", text)


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_styles_use_only_tokens_that_there_are(style: Path) -> None:
    """A misspelt token would silently be nothing."""
    known = set(re.findall(r"(--[a-z0-9-]+):", (FOLDER / "css/tokens.css").read_text()))

    assert set(re.findall(r"var\((--[a-z0-9-]+)", style.read_text())) <= known
