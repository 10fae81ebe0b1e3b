"""The Lambda invocation that a run is in: ids, time, memory, and the metrics that are sent at its end."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from processor.observability.cost import Usage
from processor.observability.metrics import InvocationMetrics, kept_metrics
from processor.observability.telemetry import is_sampled, peak_memory_mb, send_metrics, trace_header, trace_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from processor.wiring.services import Services


@dataclass(frozen=True, slots=True)
class Invocation:
    """A Lambda invocation: its ids, its time (in seconds) and memory, and its metrics while they add up."""

    request_id: str
    trace_id: str
    timeout_s: float
    memory_mb: int = 256
    sampled: bool = False
    """Whether X-Ray keeps the trace."""
    metrics: InvocationMetrics = field(default_factory=InvocationMetrics)
    began: float = field(default_factory=time.monotonic)
    clock: Callable[[], float] = time.monotonic

    def elapsed_s(self) -> float:
        """Tell how long the invocation has run."""
        return self.clock() - self.began

    def gb_seconds(self, seconds: float) -> float:
        """Convert running time to what Lambda bills."""
        return seconds * self.memory_mb / 1024

    def remaining_s(self) -> float:
        """Tell how long the invocation may still run."""
        return self.timeout_s - self.elapsed_s()


_is_cold = True


def is_first_invocation() -> bool:
    """Tell whether this is a cold start: True the first time in a process."""
    global _is_cold
    is_cold, _is_cold = _is_cold, False
    return is_cold


def invocation_of(context: LambdaContext) -> Invocation:
    """Describe the invocation that Lambda has begun."""
    return Invocation(
        request_id=context.aws_request_id,
        trace_id=trace_id(trace_header()),
        timeout_s=context.get_remaining_time_in_millis() / 1000,
        memory_mb=int(context.memory_limit_in_mb),
        sampled=is_sampled(trace_header()),
    )


@contextmanager
def report_invocation(
    invocation: Invocation, services: Services, *, messages: int, memory: str = "PeakMemory"
) -> Iterator[None]:
    """Send the invocation's metrics when the block ends, however it ends; ``memory`` names the one of its memory."""
    used_before = services.usage_meter.usage()
    is_cold = is_first_invocation()
    try:
        yield
    finally:
        metrics = invocation.metrics
        own = Usage(
            sqs_requests=3 * messages,  # Each is sent, received and deleted (or received again).
            lambda_requests=1,
            lambda_gb_seconds=invocation.gb_seconds(invocation.elapsed_s()),
        )
        usage = services.usage_meter.usage() - used_before + own
        metrics.count("ConsumedWriteUnits", usage.write_units)
        metrics.count("EstimatedCost", float(usage.total()))
        metrics.count("ColdStarts", int(is_cold))
        metrics.measure(memory, peak_memory_mb())
        config = services.config
        send_metrics(metrics, environment=config.environment, kept=kept_metrics(config.monitoring))
