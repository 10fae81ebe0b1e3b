"""Tests for the names of downloads."""

from __future__ import annotations

import re

import pytest

from admin_api.rendering.downloads import content_disposition, media_type


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("orders.csv", "orders.csv"),
        ("Größe 1.csv.gz", "Gr-e-1.csv.gz"),
        ("заказы.csv", "download.csv"),
        ("orders", "orders"),
        ("заказы", "download"),
    ],
)
def test_download_has_a_name_in_ascii_too(name: str, plain: str) -> None:
    """The name's own characters as far as they are safe, with its ending if it has one."""
    assert f'filename="{plain}"' in content_disposition(name)


@pytest.mark.parametrize(
    "name", ["a\r\nX: y.csv", "a\u202efdp.csv", "a\x00b.csv", "..\\..\\a.csv", "../a.csv", "a\u200b.csv"]
)
def test_whole_name_holds_nothing_that_turns_or_leads_elsewhere(name: str) -> None:
    """Line breaks, bidi controls and paths are dashes in both names: not every program cleans them as browsers do."""
    header = content_disposition(name)

    assert not {"%0D", "%0A", "%00", "%2F", "%5C", "%E2%80%AE", "%E2%80%8B"} & set(_encoded(header))
    assert header.isascii()


def _encoded(text: str) -> list[str]:
    """List the encoded characters of a header."""
    return re.findall(r"(?:%E2%80%[0-9A-F]{2}|%[0-9A-F]{2})", text)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("orders.csv", "text/csv; charset=utf-8"),
        ("orders.csv.GZ", "application/octet-stream"),
        ("orders.html", "text/csv; charset=utf-8"),
    ],
)
def test_media_type_is_never_the_uploader_s(name: str, kind: str) -> None:
    """A browser renders neither, whatever the object says of itself."""
    assert media_type(name) == kind
