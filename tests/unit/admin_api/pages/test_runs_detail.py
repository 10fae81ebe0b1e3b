"""Tests for a run's receipt."""

from __future__ import annotations

from admin_api.pages.runs.detail import RECEIPT_LABELS
from processor.observability.cost import PRICES


def test_the_receipt_has_a_label_for_everything_that_is_paid_for() -> None:
    """Everything with a price has a label in words on the receipt."""
    assert RECEIPT_LABELS.keys() == PRICES.keys()
