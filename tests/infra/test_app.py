"""The application as a whole: security findings, template errors, outputs, and what a newcomer reads when it fails."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import Stack
from aws_cdk import aws_sqs as sqs

from cdk.app import PartitionError, build_app, refuse_other_partitions
from tests.infra.stacks import NO_BUNDLING, as_text, only, resources, template, template_file

ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = {
    "BucketName",
    "OrdersTableName",
    "FilesTableName",
    "QueueUrl",
    "DeadLetterQueueUrl",
    "AlertsTopicArn",
    "DashboardUrl",
    "ProcessorFunctionName",
    "LargeFilesArn",
    "ConsoleUrl",
    "ConsoleFunctionName",
    "WorkerFunctionName",
    "UserPoolId",
    "ScriptsClientId",
}


@pytest.mark.parametrize("context", [{}, {"environment": "prod", "alert_email": "me@example.com"}])
def test_no_security_finding_is_left_open(context: dict[str, object]) -> None:
    """Synthesis runs cdk-nag and passes."""
    report = json.loads((template_file(**context).parent / "validation-report.json").read_text())

    assert report["pluginReports"] == []


def test_an_open_finding_fails_synthesis(tmp_path: Path) -> None:
    """A queue with neither TLS nor a dead-letter queue is refused, not only reported."""
    app = build_app(outdir=str(tmp_path), context=NO_BUNDLING)
    stack = app.node.find_child("Waybill-dev")
    assert isinstance(stack, Stack)
    sqs.Queue(stack, "Careless")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


@pytest.mark.parametrize(
    ("region", "partition"),
    [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso")],
)
def test_another_partition_is_refused_in_a_sentence(region: str, partition: str) -> None:
    """It names the region, its partition and the one that will do."""
    with pytest.raises(PartitionError, match=f"{region} is in the partition {partition}.* partition aws alone"):
        refuse_other_partitions(region)


@pytest.mark.parametrize("region", ["", "us-east-1", "me-central-1", "mars-north-1"])
def test_every_region_of_the_partition_passes(region: str) -> None:
    """As does one that is newer than this CDK, and a synthesis for no region."""
    refuse_other_partitions(region)


def test_synthesis_for_another_partition_ends_before_it_begins() -> None:
    """The region is what the command line passes on."""
    done = subprocess.run(
        [sys.executable, "-m", "cdk.app"],
        cwd=ROOT,
        env=os.environ | {"CDK_DEFAULT_REGION": "cn-northwest-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("cn-northwest-1 is in the partition aws-cn.")


# Together they give every setting that changes the template's shape another value than its default.
CONTEXTS: tuple[dict[str, object], ...] = (
    {},
    {
        "environment": "prod",
        "alert_email": "me@example.com",
        "console_mfa": "required",
        "order_indexes": [],
        "trace_sampling": 0,
    },
    {
        "environment": "staging",
        "monitoring": "small",
        "architecture": "x86_64",
        "orders_warm_writes": 40_000,
        "console_concurrency": 0,
        "log_level": "DEBUG",
    },
    {
        "removal_policy": "retain",
        "console_url": "https://orders.example.com",
        "console_default_endpoint": "disabled",
        "console_origins": ["https://shop.example.com"],
    },
)


def regions() -> list[str]:
    """List the Regions of the partition aws that cfn-lint knows."""
    spec = importlib.util.find_spec("cfnlint")
    assert spec is not None
    assert spec.origin is not None
    names = (path.stem for path in (Path(spec.origin).parent / "data/schemas/providers").glob("*-*.json"))
    return sorted(name for name in names if not re.match(r"cn-|us-gov-|us-iso|eu-isoe-|eusc-", name))


def test_cfn_lint_finds_nothing_in_any_region() -> None:
    """Every template is valid CloudFormation, warnings included, of kinds that each Region of the partition has.

    One process reads all: it loads its rules for longer than it applies them.
    """
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--non-zero-exit-code", "informational"]
    files = [str(template_file(**context)) for context in CONTEXTS]

    done = subprocess.run(
        [*command, "--regions", *regions(), "--", *files], capture_output=True, text=True, check=False
    )

    assert len(regions()) > 30
    assert (done.stdout, done.returncode) == ("", 0)


def test_outputs_are_the_contract() -> None:
    """Scripts, the console and `make run` find everything by these names."""
    assert template().find_outputs("*").keys() == OUTPUTS


def test_topic_refuses_unencrypted_connections() -> None:
    """Whoever publishes without TLS is denied."""
    (denied,) = [one for one in only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]

    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_only_alarms_of_this_environment_may_publish_by_the_topics_own_policy() -> None:
    """Without the grant no alarm could publish; with one for all accounts, strangers could."""
    statements = only("AWS::SNS::TopicPolicy", environment="prod")["PolicyDocument"]["Statement"]

    (allowed,) = [one for one in statements if one["Effect"] == "Allow"]

    assert (allowed["Action"], allowed["Principal"]) == ("sns:Publish", {"Service": "cloudwatch.amazonaws.com"})
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert as_text(allowed["Condition"]["ArnLike"]["aws:SourceArn"]).endswith(":alarm:waybill-prod-*")


def test_alerts_go_to_the_address_from_the_context() -> None:
    """Nobody is subscribed by default."""
    assert not resources("AWS::SNS::Subscription")

    subscription = only("AWS::SNS::Subscription", alert_email="me@example.com")

    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "me@example.com")


def test_environments_live_side_by_side() -> None:
    """Two environments share no physical name in one account."""
    named = {
        "AWS::S3::Bucket": "BucketName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::Cognito::UserPoolDomain": "Domain",
    }

    for kind, name in named.items():
        for resource in resources(kind, environment="prod").values():
            assert "waybill-prod-" in json.dumps(resource["Properties"][name])


def test_an_unusable_setting_is_one_sentence_on_the_screen(tmp_path: Path) -> None:
    """No stack trace, no assembly."""
    env = os.environ | {"CDK_CONTEXT_JSON": '{"memory_mb": "much"}', "CDK_OUTDIR": str(tmp_path / "out")}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])

    done = subprocess.run(
        [sys.executable, "-m", "cdk.app"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == (
        "Context value memory_mb='much' is not usable: it must be a whole number from 128 to 10240.\n"
    )
