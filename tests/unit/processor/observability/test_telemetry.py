"""The trace id is read from what Lambda sets for each invocation."""

from __future__ import annotations

import pytest

from processor.observability.telemetry import is_sampled, trace_header, trace_id

ROOT = "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", ROOT),
        (f"Parent=53995c3f42cd8ad8;Root={ROOT};Lineage=a:b=c", ROOT),
        ("Sampled=0", ""),
        ("", ""),
        ("rubbish;;", ""),
    ],
)
def test_trace_id_is_the_root(monkeypatch: pytest.MonkeyPatch, header: str, expected: str) -> None:
    """The root of the tracing header is the trace id; where there is none it is empty."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)

    assert trace_id(trace_header()) == expected


def test_trace_id_is_empty_outside_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable there is no trace."""
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)

    assert trace_id(trace_header()) == ""
    assert not is_sampled(trace_header())


def test_only_a_header_that_says_so_is_sampled() -> None:
    """A trace that X-Ray does not keep has an id all the same."""
    assert is_sampled(f"Root={ROOT};Sampled=1")
    assert not is_sampled(f"Root={ROOT};Sampled=0")
    assert not is_sampled(f"Root={ROOT}")
