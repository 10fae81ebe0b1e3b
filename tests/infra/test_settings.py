"""Settings: defaults, what the command line may give, and what is refused."""

import pytest

from cdk.settings import Settings, SettingsError


def test_defaults_make_a_deployment() -> None:
    """No setting is required."""
    settings = Settings.parse({})

    assert settings.environment == "dev"
    assert settings.order_indexes == ("by_customer",)
    assert settings.retry_backoff_s == (15, 60)


def test_command_line_text_means_the_same_as_json() -> None:
    """`-c name=value` gives text where cdk.json gives numbers and lists."""
    from_text = Settings.parse(
        {"memory_mb": "512", "retry_backoff_s": "5, 10,20", "order_indexes": "", "temporary_names": "*.part, ~*"}
    )
    from_json = Settings.parse(
        {"memory_mb": 512, "retry_backoff_s": [5, 10, 20], "order_indexes": [], "temporary_names": ["*.part", "~*"]}
    )

    assert from_text == from_json


@pytest.mark.parametrize(
    ("environment", "policy"),
    [("dev", "destroy"), ("verify", "destroy"), ("prod", "retain"), ("local", "retain")],
)
def test_only_a_temporary_environment_loses_its_data_by_default(environment: str, policy: str) -> None:
    """Without a removal policy in the context, the environment decides."""
    assert Settings.parse({"environment": environment}).removal_policy == policy


def test_the_defaults_leave_a_new_account_a_share_for_the_console() -> None:
    """Of ten concurrent executions, runs and the ranges of a large file leave three for pages and bulk actions."""
    settings = Settings.parse({})

    assert settings.max_concurrency + settings.large_file_concurrency <= 7


@pytest.mark.parametrize(
    ("environment", "mfa"), [("dev", "off"), ("verify", "required"), ("prod", "required"), ("local", "required")]
)
def test_only_a_development_environment_is_open_to_a_password_alone_by_default(environment: str, mfa: str) -> None:
    """Without a choice in the context, the environment decides."""
    assert Settings.parse({"environment": environment}).console_mfa == mfa


@pytest.mark.parametrize(("environment", "chosen"), [("dev", "required"), ("prod", "off")])
def test_a_chosen_second_factor_wins(environment: str, chosen: str) -> None:
    """A person may decide otherwise."""
    assert Settings.parse({"environment": environment, "console_mfa": chosen}).console_mfa == chosen


def test_a_chosen_removal_policy_wins() -> None:
    """A person may keep the data of a development environment."""
    assert Settings.parse({"removal_policy": "retain"}).removal_policy == "retain"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "Prod"),
        ("environment", "a-name-that-is-too-long-for-it"),
        ("environment", 7),
        ("alert_email", "nobody"),
        ("removal_policy", "snapshot"),
        ("architecture", "riscv"),
        ("memory_mb", 64),
        ("memory_mb", "much"),
        ("memory_mb", True),
        ("memory_mb", 256.5),
        ("timeout_s", 901),
        ("max_concurrency", 1),
        ("console_concurrency", -1),
        ("console_concurrency", 1001),
        ("max_receive_count", 0),
        ("retry_backoff_s", []),
        ("retry_backoff_s", [15, "soon"]),
        ("retry_backoff_s", [15, 50000]),
        ("order_indexes", ["by_product"]),
        ("order_indexes", {"by_customer": True}),
        ("order_indexes", ["by_customer", "by_customer"]),
        ("encoding", "latin-9"),
        ("reject", "none"),
        ("hold_above_rejected_percent", 101),
        ("same_orders", "ignore"),
        ("line_end", "any"),
        ("same_orders_days", 0),
        ("same_orders_days", 366),
        ("temporary_names", ["a/*"]),
        ("temporary_names", [""]),
        ("temporary_names", ["*"]),
        ("temporary_names", ["*.part", "*.csv*"]),
        ("temporary_names", ["*.CSV*"]),
        ("temporary_names", ["[a-z]*.part"]),
        ("temporary_names", ["?.part"]),
        ("log_retention_days", 31),
        ("log_level", "TRACE"),
        ("trace_sampling", "1.1"),
        ("trace_sampling", -0.1),
        ("debug_sample_rate", True),
        ("debug_sample_rate", "often"),
        ("max_rejected_percent", 100),
        ("console_origins", ["orders.example.com"]),
        ("console_url", "http://orders.example.com"),
        ("console_url", "https://orders.example.com/"),
        ("console_memory_mb", 128),
        ("console_default_endpoint", "off"),
        ("console_default_endpoint", "disabled"),
        ("console_mfa", "optional"),
        ("environment", "aws-test"),
        ("colour", "blue"),
    ],
)
def test_an_unusable_value_is_named_with_what_would_do(name: str, value: object) -> None:
    """The error is one sentence with the setting, the value and the expectation."""
    with pytest.raises(SettingsError) as caught:
        Settings.parse({name: value})

    assert caught.value.name == name
    assert caught.value.value == value or (isinstance(value, list) and caught.value.value in value)
    assert str(caught.value).startswith(f"Context value {name}={caught.value.value!r} ")


@pytest.mark.parametrize("value", ["0.25", 0.25, ".25"])
def test_a_rate_is_a_number_from_0_to_1(value: object) -> None:
    """Text and JSON are read alike."""
    assert Settings.parse({"trace_sampling": value}).trace_sampling == 0.25


def test_the_longest_run_is_no_incident() -> None:
    """A message ages during its run."""
    with pytest.raises(SettingsError, match="longer than timeout_s"):
        Settings.parse({"max_message_age_s": 900, "timeout_s": 900})


@pytest.mark.parametrize(
    "values",
    [
        {"queue_retention_days": 7, "dlq_retention_days": 7},
        {"noncurrent_retention_days": 14},
        {"archive_cold_after_days": 100, "archive_retention_days": 100},
    ],
)
def test_periods_that_would_lose_something_are_refused(values: dict[str, object]) -> None:
    """A dead letter outlives its queue's retention, an overwritten file its dead letter, the archive its warm time."""
    with pytest.raises(SettingsError):
        Settings.parse(values)
