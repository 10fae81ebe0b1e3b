"""Tests for the links into the AWS consoles."""

from __future__ import annotations

import pytest

from admin_api.monitoring.aws_console import AwsConsole, find_aws_console


def test_endpoint_of_aws_has_a_console() -> None:
    """Links lead to the function's own region."""
    assert find_aws_console("eu-west-1", "https://monitoring.eu-west-1.amazonaws.com") == AwsConsole("eu-west-1")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:4566",
        "https://monitoring.cn-north-1.amazonaws.com.cn",
        "https://amazonaws.com.example",
        "https://evil.test",
    ],
)
def test_emulator_has_no_console(endpoint: str) -> None:
    """A link that leads nowhere is worse than none."""
    assert find_aws_console("eu-west-1", endpoint) is None


def test_links_name_what_they_lead_to() -> None:
    """Names are encoded as each console wants them: log groups twice, with $ for %."""
    aws = AwsConsole("eu-west-1")

    assert aws.log_group("/aws/lambda/x").endswith("log-groups/log-group/$252Faws$252Flambda$252Fx")
    assert aws.trace("1-a-b").endswith("?region=eu-west-1#xray:traces/1-a-b")
    assert aws.queue("https://sqs.eu-west-1.amazonaws.com/1/q").endswith(
        "#/queues/https%3A%2F%2Fsqs.eu-west-1.amazonaws.com%2F1%2Fq"
    )
    assert aws.bucket("b", "raw-data/") == (
        "https://eu-west-1.console.aws.amazon.com/s3/buckets/b?region=eu-west-1&prefix=raw-data/"
    )
    every = (aws.table("t"), aws.function("f"), aws.bucket("b"))
    assert all(link.startswith("https://eu-west-1.console.aws.amazon.com/") for link in every)
