"""The reader of X-Ray's traces on moto: a stored trace, and the reason for a missing one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from admin_api.monitoring.traces import TraceReader, TraceState

if TYPE_CHECKING:
    from collections.abc import Callable


NOW = datetime.now(UTC).replace(second=30, microsecond=0)


def test_stored_trace_is_shown(client: Callable[[str], Any]) -> None:
    """Segments in X-Ray come back as a waterfall."""
    xray = client("xray")
    began = NOW.timestamp()
    trace_id = f"1-{int(began):08x}-bd862e3fe1be46a994272793"
    segment = {
        "id": "53995c3f42cd8ad8",
        "trace_id": trace_id,
        "name": "waybill-test-processor",
        "start_time": began,
        "end_time": began + 2,
        "subsegments": [{"id": "63995c3f42cd8ad8", "name": "run", "start_time": began, "end_time": began + 1}],
    }
    xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])

    trace = TraceReader(xray).read_trace(trace_id, NOW)

    assert trace.state is TraceState.SHOWN
    assert trace.waterfall is not None
    assert [part.name for part in trace.waterfall.spans] == ["waybill-test-processor", "run"]


@pytest.mark.parametrize(
    ("age", "sampled", "state"),
    [
        (timedelta(seconds=10), True, TraceState.NOT_YET),
        (timedelta(hours=1), True, TraceState.MISSING),
        (timedelta(days=31), True, TraceState.EXPIRED),
        (timedelta(seconds=10), False, TraceState.NOT_SAMPLED),
    ],
)
def test_missing_trace_has_a_reason(
    client: Callable[[str], Any], age: timedelta, sampled: bool, state: TraceState
) -> None:
    """The id holds the time, which tells late, lost and expired traces apart."""
    trace_id = f"1-{int((NOW - age).timestamp()):08x}-bd862e3fe1be46a994272793"

    assert TraceReader(client("xray")).read_trace(trace_id, NOW, sampled=sampled).state is state


def test_text_that_is_no_trace_id_is_not_requested(client: Callable[[str], Any]) -> None:
    """A run that died may have no trace id."""
    assert TraceReader(client("xray")).read_trace("", NOW).state is TraceState.NONE
    assert TraceReader(client("xray")).read_trace("1-nonsense", NOW).state is TraceState.NONE
