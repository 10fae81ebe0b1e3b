"""The processor's function: configuration, environment and grants."""

import json

import pytest

from cdk.settings import LOG_RETENTION_DAYS
from processor.wiring.config import Config
from tests.infra.stacks import granted, named, resources

INBOX, OUT, FAILED, ARCHIVE = "/raw-data/*", "/processed-data/*", "/failed-data/*", "/archive/*"


def keys_granted(action: str) -> set[str]:
    """Return the key patterns of the bucket on which an action is allowed."""
    return {json.loads(resource)["Fn::Join"][1][1] for found, resource in granted("Processor") if found == action}


def test_function_runs_as_designed() -> None:
    """Python 3.12, 256 MB, traced, logging JSON into its own group."""
    function = named("AWS::Lambda::Function", "Processor")

    assert function["Runtime"] == "python3.12"
    assert function["Handler"] == "processor.handler.handle"
    assert function["MemorySize"] == 256
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    (own,) = [name for name in resources("AWS::Logs::LogGroup") if "Processor" in name]
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": own}


def test_environment_is_exactly_what_the_processor_reads() -> None:
    """Each field of its Config is one variable; the others are Powertools'."""
    variables = named("AWS::Lambda::Function", "Processor")["Environment"]["Variables"]

    ours = {name for name in variables if not name.startswith("POWERTOOLS_")}

    assert ours == {name.upper() for name in Config._fields}


def test_environment_holds_the_settings() -> None:
    """Lists are comma-separated, sizes in bytes."""
    variables = named("AWS::Lambda::Function", "Processor", retry_backoff_s=[1, 2], max_file_mb=2, order_indexes=[])[
        "Environment"
    ]["Variables"]

    assert variables["RETRY_BACKOFF_S"] == "1,2"
    assert variables["MAX_FILE_BYTES"] == str(2 * 1024 * 1024)
    assert variables["ORDER_INDEXES"] == ""


@pytest.mark.parametrize(
    ("context", "powertools", "kept"),
    [
        ({}, ("INFO", "0.0"), "INFO"),
        ({"log_level": "WARNING"}, ("WARNING", "0.0"), "INFO"),
        ({"log_level": "DEBUG"}, ("DEBUG", "0.0"), "DEBUG"),
        ({"debug_sample_rate": "0.05"}, ("INFO", "0.05"), "DEBUG"),
    ],
)
def test_lambda_keeps_every_line_that_is_logged(
    context: dict[str, object], powertools: tuple[str, str], kept: str
) -> None:
    """Lambda drops lines below its own level: sampled debug would be among them, and above INFO the metrics."""
    function = named("AWS::Lambda::Function", "Processor", **context)
    variables = function["Environment"]["Variables"]

    assert (variables["POWERTOOLS_LOG_LEVEL"], variables["POWERTOOLS_LOGGER_SAMPLE_RATE"]) == powertools
    assert function["LoggingConfig"]["ApplicationLogLevel"] == kept


def test_every_log_group_has_a_retention() -> None:
    """Logs without one are kept, and billed, for ever."""
    groups = resources("AWS::Logs::LogGroup").values()

    assert groups
    assert all("RetentionInDays" in group["Properties"] for group in groups)


@pytest.mark.parametrize(
    ("rate", "mode", "reservoir"), [("1", "Active", 1), ("0.05", "Active", 1), ("0", "PassThrough", 0)]
)
def test_traces_are_sampled_by_a_rule_of_our_own(rate: str, mode: str, reservoir: int) -> None:
    """One for each function and no other, ahead of the account's default rule, at the rate of the context."""
    found = resources("AWS::XRay::SamplingRule", trace_sampling=rate).values()
    rules = [rule["Properties"]["SamplingRule"] for rule in found]
    functions = resources("AWS::Lambda::Function", trace_sampling=rate)

    assert sorted(rule["ServiceName"]["Ref"] for rule in rules) == sorted(functions)
    assert len({rule["Priority"] for rule in rules}) == len(rules)
    assert {(rule["FixedRate"], rule["ReservoirSize"]) for rule in rules} == {(float(rate), reservoir)}
    assert [function["Properties"]["TracingConfig"]["Mode"] for function in functions.values()] == [mode] * 4


def test_the_sampling_rules_names_fit_the_longest_environment() -> None:
    """X-Ray allows 32 characters."""
    rules = resources("AWS::XRay::SamplingRule", environment="e" * 20).values()

    assert max(len(rule["Properties"]["SamplingRule"]["RuleName"]) for rule in rules) <= 32


@pytest.mark.parametrize("days", [LOG_RETENTION_DAYS[0], 90, 1096, LOG_RETENTION_DAYS[-1]])
def test_logs_are_kept_for_the_days_chosen(days: int) -> None:
    """The setting's number of days reaches the template."""
    groups = resources("AWS::Logs::LogGroup", log_retention_days=days).values()

    assert {group["Properties"]["RetentionInDays"] for group in groups} == {days}


def test_architecture_follows_the_context() -> None:
    """The emulator's workers need packages built for the machine they run on."""
    assert named("AWS::Lambda::Function", "Processor", architecture="x86_64")["Architectures"] == ["x86_64"]


def test_no_action_is_a_wildcard() -> None:
    """New actions of a service are not granted by themselves."""
    assert [action for action, _ in granted() if "*" in action] == []


def test_only_traces_are_granted_on_everything() -> None:
    """X-Ray's write actions know no resource; every other grant names its own."""
    everywhere = {action for action, resource in granted("Processor") if resource == "*"}

    assert everywhere == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def test_no_managed_policy_is_attached() -> None:
    """AWS's managed policies grant logs on every group of the account."""
    assert not [role for role in resources("AWS::IAM::Role").values() if "ManagedPolicyArns" in role["Properties"]]


@pytest.mark.parametrize(
    ("action", "keys"),
    [
        ("s3:GetObject", {INBOX, OUT, FAILED, ARCHIVE}),
        ("s3:GetObjectVersion", {INBOX, OUT, FAILED, ARCHIVE}),
        ("s3:PutObject", {OUT, FAILED, ARCHIVE}),
        ("s3:AbortMultipartUpload", {OUT, FAILED, ARCHIVE}),
        ("s3:DeleteObjectVersion", {INBOX}),
        ("s3:DeleteObject", {FAILED, ARCHIVE}),
    ],
)
def test_objects_are_granted_by_prefix(action: str, keys: set[str]) -> None:
    """The inbox is not written, and an original is deleted wherever a run may move it from."""
    assert keys_granted(action) == keys


@pytest.mark.parametrize(
    ("table", "actions", "on_indexes"),
    [
        ("StorageOrders", {"dynamodb:BatchWriteItem"}, []),
        (
            "StorageFiles",
            {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"},
            [("dynamodb:Query", "by_kind")],
        ),
    ],
)
def test_tables_are_granted(table: str, actions: set[str], on_indexes: list[tuple[str, str]]) -> None:
    """The processor writes orders, keeps the ledger, and asks one index what came after an empty object."""
    found = [(action, resource) for action, resource in granted("Processor") if table in resource]

    assert {action for action, _ in found} == actions
    indexes = [(action, resource.partition("/index/")[2]) for action, resource in found if "/index/" in resource]
    assert [(action, name.rstrip('"]}')) for action, name in indexes] == on_indexes


def test_queue_and_topic_are_granted() -> None:
    """It consumes its queue, changes a message's visibility, wakes a file that waits, and publishes alerts."""
    queue = {action for action, resource in granted("Processor") if "IngestQueue" in resource}
    topic = {action for action, resource in granted("Processor") if "MonitoringAlerts" in resource}

    assert queue == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
    }
    assert topic == {"sns:Publish"}
