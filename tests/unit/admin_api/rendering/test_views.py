"""Tests for the frame around every page, and for the macros."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain

import pytest
from jinja2 import nodes
from jinja2.runtime import LoopContext

from admin_api.monitoring.status import Status
from admin_api.rendering.formats import ReaderClock
from admin_api.rendering.views import TEMPLATES, Frame, templates
from admin_api.web.assets import FOLDER
from admin_api.web.users import User
from processor.domain.actions import ActionState
from processor.domain.entries import DIED, ERROR
from processor.domain.file_states import FileState
from processor.ledger.counters import Counts

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
OPERATOR = User("subject", "operator@example.com", ("operators",))
CALM = Status(Counts({}, 0), 0, None, NOW.timestamp())
FRAME = Frame(
    section="files",
    environment="dev",
    region="eu-west-1",
    is_production=False,
    user=OPERATOR,
    status=CALM,
    clock=ReaderClock(NOW),
    theme="auto",
    address="/files?state=failed",
    request_id="request",
)


def _page(frame: Frame = FRAME) -> str:
    source = (
        '{% extends "base.html" %}{% block title %}Files{% endblock %}{% block content %}<h1>Files</h1>{% endblock %}'
    )
    return templates.from_string(source).render(frame=frame, user=frame.user)


def _call(partial: str, call: str) -> str:
    macro = call.partition("(")[0]
    return templates.from_string(f'{{% from "macros/{partial}" import {macro} %}}{{{{ {call} }}}}').render()


def _attributes_of_classes() -> set[str]:
    names = set(dir(datetime)) | set(dir(LoopContext))
    modules = chain.from_iterable((TEMPLATES.parent / each).rglob("*.py") for each in ("admin_api", "processor"))
    for node in chain.from_iterable(ast.walk(ast.parse(module.read_text())) for module in modules):
        if isinstance(node, ast.ClassDef):
            names |= {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
            names |= {ast.unparse(each.target) for each in node.body if isinstance(each, ast.AnnAssign)}
    return names


def test_templates_read_only_attributes_that_exist() -> None:
    """A template that reads a renamed one fails only on the branch that reads it, which may be a rare one."""
    existing = _attributes_of_classes()

    missing = [
        f"{name}:{read.lineno} {read.attr}"
        for name in templates.list_templates()
        for read in templates.parse((TEMPLATES / name).read_text()).find_all(nodes.Getattr)
        if read.attr not in existing
    ]

    assert not missing


def test_production_cannot_be_overlooked() -> None:
    """An attribute of the whole document draws the edge, so that every page has it; elsewhere there is none."""
    production = _page(replace(FRAME, environment="prod", is_production=True))

    assert re.search(r"<html[^>]* data-production", production)
    assert "data-production" not in _page()
    assert "[data-production]::after" in (FOLDER / "css/frame-top.css").read_text()


def test_a_dead_letter_is_told_without_a_number_of_receives() -> None:
    """The number of receives is a setting of the stack."""
    html = _call("state.html", "state('dead_lettered')")

    assert "Dead letter" in html
    assert not re.search(r"\b(once|twice|three|four|five|\d+)\b", re.sub(r"<svg.*?</svg>|<use[^>]*>", "", html))


def test_environment_and_region_are_on_every_page() -> None:
    """The title, which a tab shows, has the environment, too."""
    page = _page()

    assert '<span class="environment">dev</span>' in page
    assert "eu-west-1" in page
    assert "<title>Files · Waybill dev</title>" in page


def test_open_page_is_marked_in_the_navigation() -> None:
    """It is marked once, for eyes and screen readers."""
    (current,) = re.findall(r'<a [^>]*href="([^"]+)"[^>]*aria-current="page"', _page())

    assert current == "/files"


def test_badges_count_only_what_needs_attention() -> None:
    """Failed, dead-lettered, partial and held files, and dead letters; no badge if there is none."""
    counts = Counts({FileState.FAILED: 1_200, FileState.PARTIAL: 34, FileState.PROCESSED: 99_999}, 0)

    busy = _page(replace(FRAME, status=Status(counts, 5, None, NOW.timestamp())))

    assert re.findall(r'class="badge">.*?</span>([\d,]+)<', busy) == ["1,234", "5"]
    assert 'class="badge"' not in _page()


def test_viewer_is_offered_no_upload() -> None:
    """The account says that it is read only."""
    page = _page(replace(FRAME, user=User("subject", "viewer@example.com", ("viewers",))))

    assert 'href="/upload"' not in page
    assert "viewer (read only)" in page


def test_a_page_is_whole_while_the_status_cannot_be_loaded() -> None:
    """A frame without numbers is still a frame."""
    page = _page(replace(FRAME, status=Status(None, None, None, NOW.timestamp(), ("the counts of files",))))

    assert 'class="badge"' not in page


def test_message_of_the_last_action_is_shown_and_escaped() -> None:
    """The message of a redirect is above the page, whatever names it holds."""
    page = _page(replace(FRAME, message="<script>.csv is being reprocessed."))

    assert '<div class="flash" role="status">' in page
    assert "&lt;script&gt;.csv is being reprocessed." in page
    assert "flash" not in _page()


@pytest.mark.parametrize(("theme", "following"), [("auto", "light"), ("light", "dark"), ("dark", "auto")])
def test_theme_switch_returns_to_the_page(theme: str, following: str) -> None:
    """A form of its own, so that it works without a script."""
    page = _page(replace(FRAME, theme=theme))

    assert f'<html lang="en" data-theme="{theme}">' in page
    assert f'name="theme" value="{following}"' in page
    assert '<input type="hidden" name="next" value="/files?state=failed">' in page


def test_first_link_skips_the_navigation() -> None:
    """It leads to the page's main landmark."""
    page = _page()

    assert re.findall(r'<a [^>]*href="([^"]+)"', page)[0] == "#content"
    assert re.search(r'<main [^>]*id="content"', page)


@pytest.mark.parametrize("state", [*FileState, *ActionState, ERROR, DIED, "OK", "ALARM", "INSUFFICIENT_DATA"])
def test_every_state_has_a_shape_a_word_and_a_colour(state: str) -> None:
    """States differ by more than colour, and none is shown by its raw name."""
    badge = _call("state.html", f'state("{state}")')

    drawn = re.findall(r'<symbol id="([^"]+)"', (FOLDER / "icons.svg").read_text())
    shape = re.search(r"icons\.svg#([\w-]+)", badge)
    assert shape
    assert shape[1] in drawn
    assert re.search(r'data-tone="(ok|warn|fail|info|idle)"', badge)
    assert re.search(r'title="[A-Z][^"]+\."', badge)
    words = re.sub(r"<[^>]+>", "", badge)
    assert words[0].isupper()
    assert "_" not in words


def test_red_states_differ_in_shape() -> None:
    """Failed, dead-lettered and died are all red."""
    shapes = [re.findall(r"#([\w-]+)", _call("state.html", f'state("{state}")')) for state in FileState]

    assert len({tuple(shape) for shape in shapes}) == len(FileState)


def test_unknown_state_is_shown_as_it_is() -> None:
    """A newer processor may know more than an older console."""
    assert "quarantined</span>" in _call("state.html", 'state("quarantined")')


def test_id_is_complete_for_copying_and_screen_readers() -> None:
    """Only the style cuts its middle."""
    whole = "5f2c0a9b7d52aa01c3d4e5f6"

    drawn = _call("state.html", f'id("{whole}", name="file id")')

    assert re.sub(r"<[^>]+>", "", drawn) == whole
    assert f'data-copy="{whole}"' in drawn
    assert f'aria-label="Copy the file id {whole}"' in drawn


def test_id_is_escaped() -> None:
    """An object key may hold markup."""
    drawn = _call("state.html", """id('"><script>alert(1)</script>.csv')""")

    assert "<script>" not in drawn


@pytest.mark.parametrize(("done", "total", "shown"), [(0, 10, "0 %"), (9_999, 10_000, "99 %"), (10, 10, "100 %")])
def test_progress_is_hundred_per_cent_only_at_its_end(done: int, total: int, shown: str) -> None:
    """Percentages are rounded down."""
    assert shown in _call("facts.html", f'progress({done}, {total}, "rows")')


def test_progress_without_a_total_shows_no_percentage() -> None:
    """The bar has no value either."""
    drawn = _call("facts.html", 'progress(0, 0, "Starts soon")')

    assert "value=" not in drawn
    assert "%" not in drawn


def test_pager_shows_only_links_that_exist() -> None:
    """A search that ended early says how far back it looked."""
    alone = _call("list.html", 'paging("", "", "3 files")')
    middle = _call("list.html", 'paging("/a", "/b", "50 files", "12 Nov 10:31")')

    assert "<a" not in alone
    assert re.findall(r'rel="(\w+)" href="([^"]+)"', middle) == [("prev", "/a"), ("next", "/b")]
    assert "Searched back to 12 Nov 10:31" in middle
    assert "Search older" in middle
