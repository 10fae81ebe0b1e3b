"""The settings of a deployment: names, checks and defaults, read from CDK context.

A value comes from `cdk deploy -c name=value` (always text), from `cdk.json`, or from its default here. This module
knows no resource.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Self

from constructs import Node

# The others lack Cognito, have other addresses of their consoles, or nobody has ever tried them.
PARTITION = "aws"
ORDER_INDEXES = ("by_customer",)
ARCHITECTURES = ("arm64", "x86_64")
REMOVAL_POLICIES = ("destroy", "retain")
# Environments that keep nothing by default: for development, and the one that `make verify` makes and removes.
TEMPORARY = ("dev", "verify")
ENDPOINTS = ("enabled", "disabled")
MONITORING = ("full", "small")
MFA = ("off", "required")
REJECT = ("order", "row", "file")
SAME_ORDERS = ("hold", "replace", "store")
LINE_END = ("optional", "required")
# Writes a second that a new on-demand table takes without being warmed.
LEAST_WARM_WRITES = 4_000
LOG_LEVELS = ("DEBUG", "INFO", "WARNING")
# https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
RESERVED_BY_COGNITO = ("aws", "amazon", "cognito")

# The retention periods that CloudWatch Logs accepts; any other number fails the deployment.
# fmt: off
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)
# fmt: on


class SettingsError(ValueError):
    """A context value that no deployment can use."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        self.name = name
        self.value = value
        self.expected = expected
        super().__init__(f"Context value {name}={value!r} is not usable: it must be {expected}.")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(name, value, "text")
    return value.strip()


def _whole(low: int, high: int) -> Callable[[str, object], int]:
    def parse(name: str, value: object) -> int:
        # The command line gives text, cdk.json a number. True, which is an int, does not match.
        if not re.fullmatch(r"\s*\d{1,9}\s*", str(value)) or not low <= int(str(value)) <= high:
            raise SettingsError(name, value, f"a whole number from {low} to {high}")
        return int(str(value))

    return parse


def _rate(name: str, value: object) -> float:
    if not re.fullmatch(r"\s*(0?\.\d{1,4}|[01](\.0{1,4})?)\s*", str(value)):
        raise SettingsError(name, value, "a rate from 0 to 1, with at most 4 decimal places")
    return float(str(value))


def _matching(pattern: str, expected: str) -> Callable[[str, object], str]:
    def parse(name: str, value: object) -> str:
        text = _text(name, value)
        if not re.fullmatch(pattern, text):
            raise SettingsError(name, value, expected)
        return text

    return parse


def _one_of(*choices: Any) -> Callable[[str, object], Any]:
    by_text = {str(choice): choice for choice in choices}

    def parse(name: str, value: object) -> Any:
        if str(value) not in by_text:
            raise SettingsError(name, value, "one of " + ", ".join(by_text))
        return by_text[str(value)]

    return parse


def _list_of[T](parse_one: Callable[[str, object], T], *, least: int = 0) -> Callable[[str, object], tuple[T, ...]]:
    def parse(name: str, value: object) -> tuple[T, ...]:
        parts = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            raise SettingsError(name, value, "a list")
        parsed = tuple(parse_one(name, part.strip() if isinstance(part, str) else part) for part in parts)
        if len(parsed) < least or len(set(parsed)) < len(parsed):
            raise SettingsError(name, value, f"a list of at least {least} different values")
        return parsed

    return parse


def _setting(default: Any, parse: Callable[[str, object], Any]) -> Any:
    return field(default=default, metadata={"parse": parse})


# S3 allows one asterisk in the origin of a CORS rule.
_ORIGIN = _matching(r"https?://[^\s/*]*\*?[^\s/*]*", "an origin such as https://orders.example.com")


def _name_pattern(name: str, value: object) -> str:
    text = _matching(_NAME_PATTERN, "patterns of names without slash, comma, space, ? and brackets, such as *.part")(
        name, value
    )
    # A file under such a name is left alone for good: whole order files must not have one.
    if any(fnmatchcase(whole, text.lower()) for whole in ("orders.csv", "orders.csv.gz")):
        raise SettingsError(name, text, "a pattern that orders.csv and orders.csv.gz do not match")
    return text


# An asterisk is the only sign that stands for others.
_NAME_PATTERN = r"[^/,\s?\[\]]{1,100}"
TEMPORARY_NAMES = ("*.filepart", "*.part", "*.partial", "*.tmp", "*.crdownload", ".*", "~*")
_EMAIL = _matching(r"|[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address, or empty")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one deployment."""

    # Part of the bucket's name, for which S3 allows 63 characters.
    environment: str = _setting("dev", _matching(r"[a-z][a-z0-9-]{0,19}", "lower case, at most 20 letters or digits"))
    alert_email: str = _setting("", _EMAIL)
    removal_policy: str = _setting("", _one_of("", *REMOVAL_POLICIES))
    # small: four alarms, no dashboard, three metrics, for less than $2 a month.
    monitoring: str = _setting("full", _one_of(*MONITORING))

    # Empty: the HTTP API's own address. Another address is set up outside this stack.
    console_url: str = _setting("", _matching(r"|https://[^\s/*]+", "an address such as https://orders.example.com"))
    # The address that AWS gave the API, beside console_url.
    console_default_endpoint: str = _setting("enabled", _one_of(*ENDPOINTS))
    console_origins: tuple[str, ...] = _setting((), _list_of(_ORIGIN))
    console_memory_mb: int = _setting(1024, _whole(256, 10240))
    # Reserved for the web function, and its bound: files cannot take it, nor strangers more. 0 reserves nothing, for an
    # account that has too little: AWS wants 100 to stay unreserved.
    console_concurrency: int = _setting(20, _whole(0, 1000))
    console_mfa: str = _setting("", _one_of("", *MFA))

    architecture: str = _setting("arm64", _one_of(*ARCHITECTURES))
    memory_mb: int = _setting(256, _whole(128, 10240))
    # Lambda's limit, for the largest files. After a run that died, the queue hides the message for six times as long;
    # a run that fails is retried after the backoff.
    timeout_s: int = _setting(900, _whole(10, 900))
    # With the ranges' two this leaves three of the ten that a new account may have.
    max_concurrency: int = _setting(5, _whole(2, 1000))
    batch_size: int = _setting(1, _whole(1, 10))
    max_receive_count: int = _setting(3, _whole(1, 100))
    retry_backoff_s: tuple[int, ...] = _setting((15, 60), _list_of(_whole(0, 36000), least=1))
    # A presigned POST takes 5 GB. Gzip cannot be read in ranges, so one run must read it all.
    max_file_mb: int = _setting(5120, _whole(1, 5120))
    max_gzip_mb: int = _setting(512, _whole(1, 5120))
    # What 256 MB of Lambda store within 15 minutes, with a margin; more memory is faster.
    max_rows: int = _setting(1_000_000, _whole(1, 100_000_000))
    # A new table takes 4,000 writes a second: 200 KB a second of rows of 50 bytes. The function itself is faster.
    # A file that would need more than half of timeout_s at this rate is read in ranges.
    run_kb_per_s: int = _setting(200, _whole(1, 100_000))
    range_mb: int = _setting(32, _whole(1, 512))
    # Two ranges together send what a new table takes. With ten, each would outlast its invocation.
    large_file_concurrency: int = _setting(2, _whole(1, 1000))
    # One whole CPU, which is all that reading uses; the bill equals that of a slower function that takes longer.
    large_file_memory_mb: int = _setting(1769, _whole(256, 10240))
    # The file's message is hidden meanwhile, and SQS hides one for 12 hours at most.
    large_file_timeout_s: int = _setting(21_600, _whole(60, 42_000))
    orders_warm_writes: int = _setting(0, _whole(0, 10_000_000))
    encoding: str = _setting("utf-8", _one_of("utf-8", "cp1252"))
    # The rules by which a file is held before any of it is stored.
    reject: str = _setting("order", _one_of(*REJECT))
    hold_above_rejected_percent: int = _setting(50, _whole(0, 100))
    same_orders: str = _setting("hold", _one_of(*SAME_ORDERS))
    line_end: str = _setting("optional", _one_of(*LINE_END))
    same_orders_days: int = _setting(30, _whole(1, 365))
    # Clients write a file under such a name and rename it when it is whole.
    temporary_names: tuple[str, ...] = _setting(TEMPORARY_NAMES, _list_of(_name_pattern))
    order_indexes: tuple[str, ...] = _setting(ORDER_INDEXES, _list_of(_one_of(*ORDER_INDEXES)))
    order_writes: str = _setting("fast", _one_of("fast", "plain"))

    # The scheduled audit: every so many hours (0: never), so many files.
    audit_hours: int = _setting(24, _whole(0, 168))
    audit_files: int = _setting(20, _whole(1, 100))

    # Thresholds of alarms; those that no operator would change are beside their plans in cdk/monitoring.
    max_message_age_s: int = _setting(1800, _whole(60, 86400))
    max_failed_files: int = _setting(0, _whole(0, 1000000))
    max_rejected_percent: int = _setting(10, _whole(0, 99))
    log_level: str = _setting("INFO", _one_of(*LOG_LEVELS))
    debug_sample_rate: float = _setting(0.0, _rate)
    trace_sampling: float = _setting(1.0, _rate)

    queue_retention_days: int = _setting(7, _whole(1, 13))
    dlq_retention_days: int = _setting(14, _whole(2, 14))
    log_retention_days: int = _setting(30, _one_of(*LOG_RETENTION_DAYS))
    processed_retention_days: int = _setting(365, _whole(1, 36500))
    failed_retention_days: int = _setting(365, _whole(1, 36500))
    archive_cold_after_days: int = _setting(30, _whole(1, 36499))
    archive_retention_days: int = _setting(730, _whole(2, 36500))
    noncurrent_retention_days: int = _setting(30, _whole(1, 36500))

    def __post_init__(self) -> None:
        """Check the settings against each other, and set the defaults that depend on the environment."""
        if any(word in self.environment for word in RESERVED_BY_COGNITO):
            # The environment is part of the sign-in page's address.
            expected = f"without {', '.join(RESERVED_BY_COGNITO)}, which Cognito keeps for itself"
            raise SettingsError("environment", self.environment, expected)
        if self.console_default_endpoint == "disabled" and not self.console_url:
            expected = "enabled, as the console has no other address: console_url is empty"
            raise SettingsError("console_default_endpoint", self.console_default_endpoint, expected)
        if self.max_message_age_s <= self.timeout_s:
            # A message ages during its run, and the longest run is not an incident.
            raise SettingsError("max_message_age_s", self.max_message_age_s, "longer than timeout_s")
        if 0 < self.orders_warm_writes < LEAST_WARM_WRITES:
            raise SettingsError("orders_warm_writes", self.orders_warm_writes, f"0 or at least {LEAST_WARM_WRITES}")
        if self.queue_retention_days >= self.dlq_retention_days:
            # A dead letter keeps the age of its first send: with equal retention it could be deleted on arrival.
            raise SettingsError("dlq_retention_days", self.dlq_retention_days, "longer than queue_retention_days")
        if self.noncurrent_retention_days <= self.dlq_retention_days:
            # An upload over an unsettled file makes that file's version noncurrent while its message still waits, at
            # the latest in the dead-letter queue.
            expected = "longer than dlq_retention_days, or an overwritten file could vanish before it is settled"
            raise SettingsError("noncurrent_retention_days", self.noncurrent_retention_days, expected)
        if self.archive_cold_after_days >= self.archive_retention_days:
            raise SettingsError(
                "archive_retention_days", self.archive_retention_days, "longer than archive_cold_after_days"
            )
        if not self.removal_policy:
            object.__setattr__(self, "removal_policy", "destroy" if self.environment in TEMPORARY else "retain")
        if not self.console_mfa:
            # Whatever keeps data is open to the internet with its personal data.
            object.__setattr__(self, "console_mfa", "off" if self.environment == "dev" else "required")

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """Read the settings from the construct tree's context; the others take their defaults."""
        return cls.parse({name: value for name in cls.names() if (value := node.try_get_context(name)) is not None})

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Self:
        """Parse texts or JSON values by name; raise SettingsError for the first that is not usable."""
        parsers = {spec.name: spec.metadata["parse"] for spec in dataclasses.fields(cls)}
        for name, value in values.items():
            if name not in parsers:
                raise SettingsError(name, value, "left out: there is no such setting")
        return cls(**{name: parsers[name](name, value) for name, value in values.items()})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """List the names of all settings, in the order of their declaration."""
        return tuple(spec.name for spec in dataclasses.fields(cls))
