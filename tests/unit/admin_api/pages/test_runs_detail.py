"""Tests for a run's receipt."""

from __future__ import annotations

from admin_api.pages.runs.detail import RECEIPT_LABELS
from processor.observability.cost import PRICES


def test_the_receipt_has_a_label_for_everything_that_is_paid_for() -> None:
    """What has a price is on the receipt, under words and not under the name of a field."""
    assert RECEIPT_LABELS.keys() == PRICES.keys()
