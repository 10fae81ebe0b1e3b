"""Fixtures: a browser, a stack of its own with the sample files, signed-in users.

An error in the browser's console fails the test that opened the page.
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
from tests.browser.chromium import FLAGS, MISSING, find_chromium
from tests.browser.tabs import Tab, sign_in
from tests.e2e.bring_up import LOCAL, deployed
from tests.e2e.deployment import Deployment
from tests.grants.in_process import emulated_recording

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
    """Deploy the stack with the sidecar, which makes metrics and traces, and process the samples.

    If WAYBILL_OUTPUTS names the outputs file of a running stack (`make run`), use that one, and leave the tests'
    changes in it.
    """
    if up := os.environ.get("WAYBILL_OUTPUTS"):
        with closing(Deployment.of_document(json.loads(Path(up).read_text()))) as deployment:
            yield deployment
        return
    outputs = tmp_path_factory.mktemp("outputs") / "outputs.json"
    with (
        Sidecar(LOCAL / "test-browser-sidecar") as sidecar,
        Emulator(0, LOCAL / "test-browser", extra_env={**sidecar.extra_env, **emulated_recording()}) as emulator,
    ):
        for deployment in deployed(emulator):
            sidecar.follow(emulator, deployment.outputs)
            outputs.write_text(json.dumps(deployment.document()))
            feed(outputs, deployment)
            sidecar.carry()
            yield deployment


def feed(outputs: Path, deployment: Deployment) -> None:
    """Process the samples, as `make run` does."""
    command = [sys.executable, "-m", "sample_data.feed", "--outputs", str(outputs)]
    done = subprocess.run(command, cwd=ROOT, env=deployment.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    program = find_chromium()
    assert program, MISSING.format(why="")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(chromium: Browser, waybill: Deployment) -> dict[str, Any]:
    """Sign each account in on the hosted form, once, and return its cookies."""
    cookies: dict[str, Any] = {}
    for name in ("operator", "viewer"):
        context = chromium.new_context()
        sign_in(context.new_page(), waybill.outputs["ConsoleUrl"], getattr(waybill.accounts, name))
        cookies[name] = context.storage_state()
        context.close()
    return cookies


@pytest.fixture
def open_tab(chromium: Browser, signed_in: dict[str, Any], waybill: Deployment) -> Iterator[Callable[..., Page]]:
    """Open tabs as any user, in any theme and width; their errors fail the test at its end."""
    tabs: list[Tab] = []

    def open_as(who: str = "operator", **options: Any) -> Page:
        state = signed_in.get(who)
        tabs.append(Tab.open(chromium, waybill.outputs["ConsoleUrl"], state, **options))
        return tabs[-1].page

    yield open_as
    errors = [error for tab in tabs for error in tab.close()]
    assert errors == []


@pytest.fixture
def page(open_tab: Callable[..., Page]) -> Page:
    """Open a tab as the operator."""
    return open_tab()
