"""Tests for what the benchmark takes for granted of the code that it measures, so that it is not left behind."""

from __future__ import annotations

from admin_api.wiring.config import Config as ConsoleConfig
from processor.wiring.config import Config
from tests.bench import waybill


def test_benchmark_tells_the_processor_everything_it_asks_for() -> None:
    """A variable that the function needs and the benchmark does not know would stop `make bench` only."""
    config = Config.from_environment(waybill.ENVIRONMENT)

    assert config.order_writes == "fast"
    assert config.run_bytes_per_s * 900 > 2**30, "its files are to be stored in one run"


def test_benchmark_tells_the_console_everything_it_asks_for() -> None:
    """Nor would a variable of the console's stop anything else."""
    config = ConsoleConfig.from_environment(waybill.ENVIRONMENT | waybill.CONSOLE_ENVIRONMENT)

    assert config.monitoring == "full"
