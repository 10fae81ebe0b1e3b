"""The clients of the console, as Lambda makes them: with a Region, and without an endpoint of their own."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from admin_api.wiring.services import Console
from processor.storage.presigned_posts import presign_form, presign_upload

ROOT = Path(__file__).resolve().parents[4]
BUCKET = "waybill-prod-123456789012"
# The first answers by the global host; the last was launched after March 2019, and the global host does not know it.
HOSTS = {
    "us-east-1": f"{BUCKET}.s3.amazonaws.com",
    "eu-central-1": f"{BUCKET}.s3.eu-central-1.amazonaws.com",
    "me-central-1": f"{BUCKET}.s3.me-central-1.amazonaws.com",
}


@pytest.fixture(params=HOSTS)
def region(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Set the variables that Lambda sets, for each Region in turn."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    keys = {"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
    region = str(request.param)
    for name, value in {**keys, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}.items():
        monkeypatch.setenv(name, value)
    return region


@pytest.fixture
def console(region: str) -> Console:
    """Connect the console as its handler does."""
    return Console.connect(cast("Any", SimpleNamespace(bucket_name=BUCKET)))


def test_presigned_addresses_lie_in_the_region(console: Console, region: str) -> None:
    """The global host redirects uploads, which a page's policy forbids, and breaks the signature of downloads."""
    download = {"Bucket": BUCKET, "Key": "archive/orders.csv", "VersionId": "1"}
    addresses = [
        presign_upload(console.s3, BUCKET, "orders.csv", max_bytes=1).url,
        presign_form(console.s3, BUCKET, max_bytes=1, return_to="https://console.test/").url,
        console.s3.generate_presigned_url("get_object", Params=download),
        console.bucket_origin,
    ]

    assert [urlsplit(address)[:2] for address in addresses] == [("https", HOSTS[region])] * 4


def test_documented_snippet_presigns_for_the_region(region: str) -> None:
    """A sender's `curl` takes a redirect for success, and nothing would be stored."""
    page = (ROOT / "docs/uploading.md").read_text()
    [snippet] = [
        code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "generate_presigned_url" in code
    ]
    output = io.StringIO()

    with contextlib.redirect_stdout(output):
        exec(compile(snippet, "docs/uploading.md", "exec"), {"bucket": BUCKET})  # noqa: S102  Our own page.

    assert urlsplit(output.getvalue()).netloc.endswith(HOSTS[region].removeprefix(BUCKET))
