"""Tests for the names of downloads."""

from __future__ import annotations

import pytest

from admin_api.rendering.downloads import content_disposition


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
