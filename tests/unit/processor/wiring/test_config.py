"""The settings come from the environment whole, or not at all."""

from __future__ import annotations

import pytest

from processor.wiring.config import Config

ENVIRONMENT = {
    "BUCKET_NAME": "bucket",
    "ORDERS_TABLE": "orders",
    "FILES_TABLE": "files",
    "QUEUE_URL": "https://sqs/queue",
    "ALERTS_TOPIC_ARN": "arn:topic",
    "ENVIRONMENT": "prod",
    "MAX_RECEIVE_COUNT": "3",
    "RETRY_BACKOFF_S": "15,60",
    "MAX_FILE_BYTES": "1073741824",
    "MAX_GZIP_BYTES": "536870912",
    "MAX_ROWS": "250000",
    "RUN_BYTES_PER_S": "200000",
    "LARGE_FILES_ARN": "arn:large",
    "WORKER_FUNCTION": "worker",
    "LARGE_FILE_TIMEOUT_S": "3600",
    "RANGE_BYTES": "33554432",
    "DEFAULT_ENCODING": "utf-8",
    "REJECT": "order",
    "HOLD_ABOVE_REJECTED_PERCENT": "50",
    "SAME_ORDERS": "hold",
    "LINE_END": "optional",
    "SAME_ORDERS_DAYS": "30",
    "TEMPORARY_NAMES": "*.part,.*",
    "ORDER_INDEXES": "by_customer",
    "ORDER_WRITES": "fast",
    "MONITORING": "full",
    "CONSOLE_URL": "https://console.example",
}


def config(**changes: str) -> Config:
    """Read an environment with these changes."""
    return Config.from_environment({**ENVIRONMENT, **changes})


def test_settings_are_read_from_the_environment() -> None:
    """Every variable becomes a setting of its kind."""
    assert config() == Config(
        bucket_name="bucket",
        orders_table="orders",
        files_table="files",
        queue_url="https://sqs/queue",
        alerts_topic_arn="arn:topic",
        environment="prod",
        max_receive_count=3,
        retry_backoff_s=(15, 60),
        max_file_bytes=1_073_741_824,
        max_gzip_bytes=536_870_912,
        max_rows=250_000,
        run_bytes_per_s=200_000,
        large_files_arn="arn:large",
        worker_function="worker",
        large_file_timeout_s=3_600,
        range_bytes=33_554_432,
        default_encoding="utf-8",
        reject="order",
        hold_above_rejected_percent=50,
        same_orders="hold",
        line_end="optional",
        same_orders_days=30,
        temporary_names=("*.part", ".*"),
        order_indexes=("by_customer",),
        order_writes="fast",
        monitoring="full",
        console_url="https://console.example",
    )


def test_every_setting_has_its_variable() -> None:
    """Each field's variable is its name in upper case, which is what the stack relies on."""
    assert {name.upper() for name in Config._fields} == ENVIRONMENT.keys()


def test_foreign_variables_are_ignored() -> None:
    """Lambda's own variables do not disturb."""
    assert config(AWS_REGION="eu-central-1") == config()


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_missing_variable_is_named(name: str) -> None:
    """A function that lacks a variable fails at its start, naming it."""
    environment = {other: value for other, value in ENVIRONMENT.items() if other != name}

    with pytest.raises(KeyError, match=name):
        Config.from_environment(environment)


@pytest.mark.parametrize("name", ["MAX_RECEIVE_COUNT", "RETRY_BACKOFF_S", "MAX_FILE_BYTES", "MAX_ROWS"])
@pytest.mark.parametrize("value", ["", "many"])
def test_number_that_is_none_fails_at_the_start(name: str, value: str) -> None:
    """A number that cannot be read fails before the first file."""
    with pytest.raises(ValueError, match="invalid literal"):
        config(**{name: value})


@pytest.mark.parametrize(("value", "indexes"), [("", ()), ("by_customer,by_day", ("by_customer", "by_day"))])
def test_indexes_may_be_none_or_several(value: str, indexes: tuple[str, ...]) -> None:
    """Each index costs a write a row, so there may be none."""
    assert config(ORDER_INDEXES=value).order_indexes == indexes


def test_console_is_linked_to_without_a_doubled_slash() -> None:
    """An address with a slash at its end is the same address."""
    assert config(CONSOLE_URL="https://console.example/").console_url == "https://console.example"
