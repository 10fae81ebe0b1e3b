"""The telemetry reads what Lambda sets: the trace id of each invocation, and a log level that is not ours."""

from __future__ import annotations

import subprocess
import sys

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


@pytest.mark.parametrize(
    ("setting", "sample_rate", "of_lambda", "level"),
    [("INFO", "0.000001", "DEBUG", "INFO"), ("WARNING", "0", "INFO", "WARNING"), ("INFO", "1", "DEBUG", "DEBUG")],
)
def test_the_settings_decide_the_log_level(setting: str, sample_rate: str, of_lambda: str, level: str) -> None:
    """Lambda names the lowest level that it lets pass in a variable, which Powertools ranks above its own settings."""
    environment = {
        "POWERTOOLS_SERVICE_NAME": "processor",
        "POWERTOOLS_LOG_LEVEL": setting,
        "POWERTOOLS_LOGGER_SAMPLE_RATE": sample_rate,
        "AWS_LAMBDA_LOG_LEVEL": of_lambda,
    }
    code = "import logging, processor.observability.telemetry as t; print(logging.getLevelName(t.logger.log_level))"

    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert run.stdout.strip() == level
