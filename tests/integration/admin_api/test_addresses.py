"""Addresses that are written out, in templates, tests and documents, name parameters that their pages take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.admin_api.console import ConsoleStage

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("templates/**/*.html", "tests/browser/*.py", "tests/e2e/*.py", "admin_api/pages/**/*.py", "docs/*.md")
ADDRESS = re.compile(r"""(?:^|[^\w.])(/[\w/{}.-]*\?\w+=[^"'`\s)#]*)""")


def test_addresses_name_parameters_that_their_pages_take(console: ConsoleStage) -> None:
    """A parameter of another name would be passed over in silence, and the page shown would be another one."""
    texts = [(path, path.read_text()) for pattern in SOURCES for path in sorted(ROOT.glob(pattern))]
    addresses = {(match, path.name) for path, text in texts for match in ADDRESS.findall(text)}
    browser = console.browser()

    refused = [each for each in sorted(addresses) if browser.get(re.sub(r"\{.*?\}+", "1", each[0])).status_code == 400]

    assert len(addresses) > 30
    assert refused == []
