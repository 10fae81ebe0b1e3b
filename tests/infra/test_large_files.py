"""The state machine of large files: steps, grants and settings."""

import json
from typing import Any

import pytest

from cdk.resources.large_files import STEP_SECONDS
from cdk.settings import Settings, SettingsError
from processor.domain import errors
from processor.pipeline.deadline import LONGEST_RESERVE_S
from tests.infra.stacks import as_text, granted, named, only, state_machine

WORK = "/work-data/*"


def function(**context: object) -> dict[str, Any]:
    """Return the properties of the function that does the steps."""
    return named("AWS::Lambda::Function", "LargeFilesRanges", **context)


def keys_granted(role: str, action: str) -> set[str]:
    """Return the key patterns of the bucket on which a role may do an action."""
    return {json.loads(where)["Fn::Join"][1][1] for found, where in granted(role) if found == action}


def test_the_function_is_the_processor_s_code_with_another_entry_point() -> None:
    """The same bundle, settings, log and metrics; a whole CPU, and Lambda's longest time."""
    processor, made = named("AWS::Lambda::Function", "Processor"), function()

    assert made["Handler"] == "processor.large_files.handler.handle"
    assert made["Code"] == processor["Code"]
    assert made["Environment"] == processor["Environment"]
    assert made["LoggingConfig"]["LogGroup"] == processor["LoggingConfig"]["LogGroup"]
    assert (made["MemorySize"], made["Timeout"]) == (1769, 900)


def test_each_range_is_an_execution_of_its_own() -> None:
    """A Distributed Map reads the manifest, bounds its concurrency and tolerates failures of single ranges."""
    states = state_machine(large_file_concurrency=7)["States"]

    assert states["Ranges"]["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert states["Ranges"]["MaxConcurrency"] == 7
    assert states["Ranges"]["ToleratedFailurePercentage"] == 50
    assert states["Ranges"]["ItemReader"]["Parameters"] == {
        "Bucket.$": "$.plan.bucket",
        "Key.$": "$.plan.manifest_key",
    }
    assert states["Ranges"]["ResultPath"] is None
    # Neither is known to the emulator, and neither is needed.
    assert not {"ItemBatcher", "ResultWriter"} & states["Ranges"].keys()


def test_every_step_is_retried_and_then_gives_the_file_back() -> None:
    """A step that fails for good leads to the one that returns the message; a lost lease is not retried."""
    states = state_machine()["States"]
    tasks = [states["Plan"], states["Settle"], states["GiveBack"], states["Ranges"]["ItemProcessor"]["States"]["Store"]]

    assert all(task["Retry"][0]["MaxAttempts"] == 0 for task in tasks)
    assert all("LeaseLostError" in task["Retry"][0]["ErrorEquals"] for task in tasks)
    assert all(task["Retry"][-1] | {"ErrorEquals": ["States.ALL"]} == task["Retry"][-1] for task in tasks)
    assert [states[name]["Catch"][0]["Next"] for name in ("Plan", "Ranges", "Settle")] == ["GiveBack"] * 3
    assert all(task["TimeoutSeconds"] > function()["Timeout"] for task in tasks)


def test_the_machine_ends_before_the_lease_and_the_message_s_hiding_do() -> None:
    """Both are made from the same setting; SQS hides a message for twelve hours at most."""
    variables = function(large_file_timeout_s=5_000)["Environment"]["Variables"]

    assert (
        state_machine(large_file_timeout_s=5_000)["TimeoutSeconds"] == int(variables["LARGE_FILE_TIMEOUT_S"]) == 5_000
    )
    with pytest.raises(SettingsError):
        Settings.parse({"large_file_timeout_s": 43_200})


def test_by_default_the_ranges_are_stored_in_time_by_a_new_table() -> None:
    """All ranges at once share what a new table takes, and each must finish within its invocation."""
    settings = Settings.parse({})

    at_once_kb = settings.large_file_concurrency * settings.range_mb * 1024

    assert at_once_kb / settings.run_kb_per_s <= STEP_SECONDS - LONGEST_RESERVE_S


def test_every_error_that_nobody_repeats_is_one_that_the_steps_raise() -> None:
    """Every error name in the state machine is a class."""
    named_errors = state_machine()["States"]["Settle"]["Retry"][0]["ErrorEquals"]

    assert all(issubclass(getattr(errors, name), errors.WaybillError) for name in named_errors)


def test_the_function_may_do_what_a_run_does_and_no_more_than_its_working_objects_need() -> None:
    """Grants by prefix; of the queue it may finish or return the message that waits, and wake a file."""
    queue = {action for action, where in granted("LargeFilesRanges") if "IngestQueue" in where}

    assert keys_granted("LargeFilesRanges", "s3:DeleteObject") == {"/failed-data/*", "/archive/*", WORK}
    assert keys_granted("LargeFilesRanges", "s3:PutObject") == {
        "/processed-data/*",
        "/failed-data/*",
        "/archive/*",
        WORK,
    }
    assert queue == {"sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:SendMessage"}


def test_the_machine_may_call_its_function_read_manifests_and_start_itself() -> None:
    """A Distributed Map is executions of the same machine; it touches nothing else."""
    actions = {action for action, _ in granted("LargeFilesRoleDefault")}

    assert actions == {
        "lambda:InvokeFunction",
        "s3:GetObject",
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "states:RedriveExecution",
    }
    assert keys_granted("LargeFilesRoleDefault", "s3:GetObject") == {WORK}


def test_the_processor_may_start_this_machine_alone() -> None:
    """The ARN in its environment is the machine's."""
    started = [where for action, where in granted("Processor") if action == "states:StartExecution"]
    told = as_text(function()["Environment"]["Variables"]["LARGE_FILES_ARN"])

    assert [as_text(json.loads(where)) for where in started] == [told]
    assert told.endswith(f":stateMachine:{only('AWS::StepFunctions::StateMachine')['StateMachineName']}")


def test_working_objects_are_tidied() -> None:
    """They outlive a dead letter, which may resume them, by a day."""
    rules = named("AWS::S3::Bucket", "StorageBucket")["LifecycleConfiguration"]["Rules"]
    [rule] = [rule for rule in rules if rule.get("Prefix") == "work-data/"]

    assert rule["ExpirationInDays"] > Settings().dlq_retention_days
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


@pytest.mark.parametrize(("context", "expected"), [({}, None), ({"orders_warm_writes": 40_000}, 40_000)])
def test_the_orders_table_and_its_index_are_warmed_as_the_context_says(
    context: dict[str, object], expected: int | None
) -> None:
    """A colder index would throttle the table."""
    table = named("AWS::DynamoDB::Table", "StorageOrders", **context)
    warm = expected and {"WriteUnitsPerSecond": expected}

    assert table.get("WarmThroughput") == warm
    assert [index.get("WarmThroughput") for index in table["GlobalSecondaryIndexes"]] == [warm]


def test_less_than_a_table_is_ready_for_anyway_is_refused() -> None:
    """AWS would refuse it in the middle of a deployment."""
    with pytest.raises(SettingsError, match="at least 4000"):
        Settings.parse({"orders_warm_writes": 3_999})
