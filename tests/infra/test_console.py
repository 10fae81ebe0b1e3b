"""The console's functions: configuration, environment and grants."""

import dataclasses
import json
from typing import Any

import pytest

from admin_api.wiring.config import Config
from cdk.resources.storage import ARCHIVE, FAILED, PROCESSED, RAW
from tests.infra.stacks import as_text, granted, named, only, resources

FUNCTIONS = ("ConsoleWeb", "ConsoleWorker")
WEB, WORKER = FUNCTIONS


def function(name: str, **context: object) -> dict[str, Any]:
    """Return one function's properties."""
    return named("AWS::Lambda::Function", name, **context)


def grants(name: str, service: str, resource: str = "", **context: object) -> set[str]:
    """Return the actions of a service that a function may do on resources with this in their ARNs."""
    found = [(action, where) for action, where in granted(name, **context) if action.startswith(f"{service}:")]
    return {action.partition(":")[2] for action, where in found if resource in where}


def prefixes_granted(name: str, action: str) -> set[str]:
    """Return the prefixes of the bucket on which an action is allowed."""
    return {json.loads(where)["Fn::Join"][1][1][1:-1] for found, where in granted(name) if found == action}


@pytest.mark.parametrize(("name", "handler"), [(WEB, "admin_api.handler.handle"), (WORKER, "admin_api.worker.handle")])
def test_both_functions_run_one_bundle(name: str, handler: str) -> None:
    """The same code, started at its own end, with memory of its own setting."""
    made = function(name, console_memory_mb=512)

    assert made["Handler"] == handler
    assert made["MemorySize"] == 512
    assert made["Code"] == function(WEB, console_memory_mb=512)["Code"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_environment_is_exactly_what_the_console_reads(name: str) -> None:
    """Each field of its Config is one variable; the others are Powertools'."""
    variables = function(name)["Environment"]["Variables"]

    ours = {variable for variable in variables if not variable.startswith("POWERTOOLS_")}

    assert ours == {field.name.upper() for field in dataclasses.fields(Config)}
    assert variables["POWERTOOLS_SERVICE_NAME"] == "console"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_environment_can_be_read_into_the_consoles_settings(name: str) -> None:
    """The console parses the numbers and lists that the stack writes."""
    variables = function(name, max_file_mb=2, console_url="https://orders.example.com")["Environment"]["Variables"]
    plain = {variable: value if isinstance(value, str) else as_text(value) for variable, value in variables.items()}

    config = Config.from_environment(plain)

    assert config.max_file_bytes == 2 * 1024 * 1024
    assert config.console_url == "https://orders.example.com"
    assert config.order_indexes == ("by_customer",)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_environment_names_the_parts_of_the_stack(name: str) -> None:
    """Each variable names its own resource."""
    variables = {key: as_text(value) for key, value in function(name)["Environment"]["Variables"].items()}

    assert "StorageOrders" in variables["ORDERS_TABLE"]
    assert "StorageFiles" in variables["FILES_TABLE"]
    assert "IngestQueue" in variables["QUEUE_URL"]
    assert "IngestDeadLetters" in variables["DEAD_LETTER_QUEUE_URL"]
    assert "Browser" in variables["CLIENT_ID"]
    assert "Scripts" in variables["SCRIPTS_CLIENT_ID"]
    assert "ProcessorFunction" in variables["PROCESSOR_FUNCTION"]
    assert variables["WORKER_FUNCTION"] == function(WORKER)["FunctionName"]
    assert variables["CONSOLE_FUNCTION"] == function(WEB)["FunctionName"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_environment_holds_no_secret(name: str) -> None:
    """Only the ARN of the session's key: anybody who may describe the function reads its environment."""
    assert "resolve:secretsmanager" not in json.dumps(function(name)["Environment"])
    (secret,) = resources("AWS::SecretsManager::Secret")
    assert function(name)["Environment"]["Variables"]["SESSION_SECRET_ARN"] == {"Fn::GetAtt": [secret, "Id"]}


def test_the_console_answers_before_its_api_gives_up() -> None:
    """An HTTP API gives up after 30 s."""
    assert function(WEB)["Timeout"] < 30


@pytest.mark.parametrize(("context", "reserved"), [({}, 20), ({"console_concurrency": 7}, 7)])
def test_the_console_has_a_share_of_its_own(context: dict[str, object], reserved: int) -> None:
    """Executions reserved for it are neither taken by files nor exceeded by its callers; nobody else reserves any."""
    functions = resources("AWS::Lambda::Function", **context).values()

    shares = [one["Properties"].get("ReservedConcurrentExecutions") for one in functions]

    assert function(WEB, **context)["ReservedConcurrentExecutions"] == reserved
    assert [share for share in shares if share is not None] == [reserved]


def test_an_account_with_too_little_reserves_nothing() -> None:
    """0 leaves the property out: as a value it would switch the function off."""
    functions = resources("AWS::Lambda::Function", console_concurrency=0).values()

    assert [one for one in functions if "ReservedConcurrentExecutions" in one["Properties"]] == []


def test_the_worker_has_lambdas_longest_time_and_is_started_again() -> None:
    """Lambda repeats an invocation that dies."""
    invoked = only("AWS::Lambda::EventInvokeConfig")

    assert function(WORKER)["Timeout"] == 900
    assert invoked["MaximumRetryAttempts"] == 2
    assert as_text(invoked["FunctionName"]) == f"${{{next(iter(of_kind('AWS::Lambda::Function', WORKER)))}}}"


def test_an_action_that_lambda_gives_up_on_is_kept() -> None:
    """After the last attempt its event and error lie in a queue, which Lambda may fill by the worker's own role."""
    (config,) = resources("AWS::Lambda::EventInvokeConfig").values()
    (queue,) = of_kind("AWS::SQS::Queue", "ConsoleFailedActions")
    (policy,) = of_kind("AWS::IAM::Policy", WORKER)
    destination = config["Properties"]["DestinationConfig"]["OnFailure"]["Destination"]
    kept = named("AWS::SQS::Queue", "ConsoleFailedActions")

    assert destination == {"Fn::GetAtt": [queue, "Arn"]}
    assert grants(WORKER, "sqs", queue) == {"SendMessage"}
    assert grants(WEB, "sqs", queue) == set()
    assert policy in config["DependsOn"]
    assert (kept["QueueName"], kept["MessageRetentionPeriod"]) == ("waybill-dev-failed-actions", 1209600)


def of_kind(kind: str, part: str) -> set[str]:
    """Return the logical ids of a kind that hold this text."""
    return {name for name in resources(kind) if part in name}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_may_invoke_the_worker_and_nothing_else(name: str) -> None:
    """The console starts a bulk action, and the worker invokes itself for the rest."""
    found = [where for action, where in granted(name) if action.startswith("lambda:")]

    assert [as_text(json.loads(where)).split(":")[-2:] for where in found] == [
        ["function", function(WORKER)["FunctionName"]]
    ]


def test_the_worker_alone_may_invoke_itself_on_and_on() -> None:
    """Lambda drops a chain of some 16 invocations as a loop; a long bulk action is a longer chain, and it ends."""
    assert {name: one.get("RecursiveLoop") for name in FUNCTIONS for one in [function(name)]} == {
        WEB: None,
        WORKER: "Allow",
    }


@pytest.mark.parametrize(
    ("action", "web", "worker"),
    [
        ("s3:GetObject", {RAW, PROCESSED, FAILED, ARCHIVE}, {PROCESSED, FAILED, ARCHIVE}),
        ("s3:GetObjectVersion", {RAW, FAILED, ARCHIVE}, {RAW, PROCESSED, FAILED, ARCHIVE}),
        ("s3:PutObject", {RAW, ARCHIVE}, {ARCHIVE}),
        ("s3:AbortMultipartUpload", {ARCHIVE}, {ARCHIVE}),
        ("s3:DeleteObjectVersion", {RAW}, {RAW}),
        ("s3:DeleteObject", {FAILED, ARCHIVE}, {PROCESSED, FAILED, ARCHIVE}),
    ],
)
def test_objects_are_granted_by_prefix(action: str, web: set[str], worker: set[str]) -> None:
    """Downloads and uploads are signed by the console; the worker moves what is dismissed, and reads for its audits."""
    assert prefixes_granted(WEB, action) == {prefix.rstrip("/") + "/" for prefix in web}
    assert prefixes_granted(WORKER, action) == worker


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_ledger_is_read_and_moved_on_but_never_deleted_from(name: str) -> None:
    """Files, runs and the audit log stay."""
    files = grants(name, "dynamodb", "StorageFiles")

    assert files - {"ConditionCheckItem"} == {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"}
    assert ("ConditionCheckItem" in files) == (name == WORKER)
    indexes = {where for action, where in granted(name) if "StorageFiles" in where and "/index/" in where}
    assert {where.partition("/index/")[2].split('"')[0] for where in indexes} == {"by_state", "by_kind"}


@pytest.mark.parametrize("indexes", [[], ["by_customer"]])
def test_orders_are_read_and_only_the_worker_takes_them_back(indexes: list[str]) -> None:
    """It deletes them one by one and can write none; the processor may delete no single one."""
    assert grants(WEB, "dynamodb", "StorageOrders", order_indexes=indexes) == {"BatchGetItem", "Query"}
    assert grants(WEB, "dynamodb", "/index/by_customer", order_indexes=indexes) == ({"Query"} if indexes else set())
    work = {"BatchGetItem", "Query", "DeleteItem"}
    assert grants(WORKER, "dynamodb", "StorageOrders", order_indexes=indexes) == work
    assert grants(WORKER, "dynamodb", "/index/by_customer", order_indexes=indexes) == ({"Query"} if indexes else set())


def test_queues_are_granted_for_redrive_and_reprocess() -> None:
    """Both look at dead letters and send to the ingest queue; the worker alone takes letters out."""
    look = {"GetQueueAttributes", "ReceiveMessage", "ChangeMessageVisibility"}

    assert grants(WEB, "sqs", "IngestQueue") == {"SendMessage", "GetQueueAttributes"}
    assert grants(WORKER, "sqs", "IngestQueue") == {"SendMessage", "GetQueueAttributes"}
    assert grants(WEB, "sqs", "IngestDeadLetters") == look
    assert grants(WORKER, "sqs", "IngestDeadLetters") == look | {"DeleteMessage"}


def test_only_the_console_looks_into_metrics_traces_and_logs() -> None:
    """Metrics, alarms and traces take no resources; the only log group is the processor's."""
    everywhere = {action for action, where in granted(WEB) if where == "*"}

    assert everywhere == {
        "cloudwatch:GetMetricData",
        "cloudwatch:DescribeAlarms",
        "xray:BatchGetTraces",
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }
    assert grants(WEB, "logs", "ProcessorLogs") == {"FilterLogEvents"}
    assert grants(WORKER, "logs", "ProcessorLogs") == set()
    assert {action for action, where in granted(WORKER) if where == "*"} == {
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }


def test_only_the_console_reads_the_sessions_key() -> None:
    """Its reader could sign in as anybody."""
    assert grants(WEB, "secretsmanager", "SessionKey") == {"GetSecretValue"}
    assert grants(WORKER, "secretsmanager") == set()


def test_only_the_console_looks_at_accounts_and_changes_none() -> None:
    """A session goes on only while its account is enabled; the pool is the stack's own."""
    assert grants(WEB, "cognito-idp", "SignInPool") == {"AdminGetUser", "AdminListGroupsForUser"}
    assert grants(WORKER, "cognito-idp") == set()
