"""A browser, a stack of its own with the sample files in it, and people who are signed in.

What a page complains about in the browser's console fails the test that opened it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from cdk.local.emulator import Emulator
from cdk.local.processes import ROOT
from cdk.local.sidecar_process import Sidecar
from tests.browser.chromium import FLAGS, MISSING, find
from tests.browser.people import Opened, sign_in
from tests.e2e.bring_up import LOCAL, deployed
from tests.e2e.deployment import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that needs the stack."""
    for item in items:
        if "waybill" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.stack)


@pytest.fixture(scope="session")
def waybill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Deploy the stack, with what makes metrics and traces, and send the samples through.

    Where WAYBILL_OUTPUTS names the outputs file of one that is up (`make run`), that one is used, and keeps what is
    done to it.
    """
    if up := os.environ.get("WAYBILL_OUTPUTS"):
        with closing(Deployment.of_document(json.loads(Path(up).read_text()))) as deployment:
            yield deployment
        return
    outputs = tmp_path_factory.mktemp("outputs") / "outputs.json"
    with (
        Sidecar(LOCAL / "test-browser-sidecar") as sidecar,
        Emulator(0, LOCAL / "test-browser", extra_env=sidecar.extra_env) as emulator,
    ):
        for deployment in deployed(emulator):
            sidecar.follow(emulator, deployment.outputs)
            outputs.write_text(json.dumps(deployment.document()))
            feed(outputs, deployment)
            sidecar.carry()
            yield deployment


def feed(outputs: Path, deployment: Deployment) -> None:
    """Send the samples through, as `make run` does."""
    command = [sys.executable, "-m", "sample_data.feed", "--outputs", str(outputs)]
    done = subprocess.run(command, cwd=ROOT, env=deployment.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    program = find()
    assert program, MISSING.format(why="")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(chromium: Browser, waybill: Deployment) -> dict[str, Any]:
    """Sign each account in by the hosted form, once; return the cookies that they hold then."""
    cookies: dict[str, Any] = {}
    for name in ("operator", "viewer"):
        context = chromium.new_context()
        sign_in(context.new_page(), waybill.outputs["ConsoleUrl"], getattr(waybill.accounts, name))
        cookies[name] = context.storage_state()
        context.close()
    return cookies


@pytest.fixture
def opened(chromium: Browser, signed_in: dict[str, Any], waybill: Deployment) -> Iterator[Callable[..., Page]]:
    """Open a tab as somebody, in some theme and width; what it complains about fails the test at its end."""
    tabs: list[Opened] = []

    def open_tab(who: str = "operator", **options: Any) -> Page:
        state = signed_in.get(who)
        tabs.append(Opened.tab(chromium, waybill.outputs["ConsoleUrl"], state, **options))
        return tabs[-1].page

    yield open_tab
    complaints = [complaint for tab in tabs for complaint in tab.close()]
    assert complaints == []


@pytest.fixture
def page(opened: Callable[..., Page]) -> Page:
    """Open a tab of the operator's."""
    return opened()
