"""The check of calls and grants finds what is wrong on either side, and says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grants.check import Call
from tests.grants.needs import UNKNOWN, Need
from tests.grants.policies import UnevaluatedError
from tests.unit.grants.small_stack import ANY, GET, GET_GRANTED, PUT, PUT_GRANTED, allow, arn, check, deny, keys


def test_calls_with_their_grants_are_no_problem() -> None:
    """Every call is allowed, and every grant is used."""
    found = check(GET_GRANTED, PUT_GRANTED, calls=(GET, PUT))

    assert list(found.denied()) == []
    assert list(found.unused()) == []


def test_a_call_without_a_grant_is_named_with_its_place() -> None:
    """The message says who calls what from where, what is missing, and in which file to grant it."""
    [problem] = check(GET_GRANTED, calls=(GET, PUT)).denied()

    assert problem == (
        "console calls service:Operation (admin_api/pages/files/detail.py:7), which needs s3:PutObject on "
        "${BUCKET_NAME}/archive/: grant it in cdk/resources/console.py, or make no such call."
    )


def test_a_grant_without_a_call_is_named() -> None:
    """What no call needs is to be taken back."""
    [problem] = check(GET_GRANTED, PUT_GRANTED, calls=(GET,)).unused()

    assert problem.startswith("console may s3:PutObject on arn:aws:s3:::orders/archive/*, which no call")


def test_each_action_and_each_resource_of_a_statement_counts_by_itself() -> None:
    """A statement whose other half is used hides nothing."""
    broad = allow(["s3:PutObject", "s3:GetObject"], [keys("archive/*"), keys("raw-data/*")])

    unused = [problem.split(", ")[0] for problem in check(broad, calls=(PUT,)).unused()]

    assert unused == [
        "console may s3:GetObject on arn:aws:s3:::orders/archive/*",
        "console may s3:GetObject on arn:aws:s3:::orders/raw-data/*",
        "console may s3:PutObject on arn:aws:s3:::orders/raw-data/*",
    ]


@pytest.mark.parametrize(
    "granted",
    [
        allow("s3:PutObject", keys("failed-data/*")),
        allow("s3:PutObject", arn("Bucket")),
        allow("s3:GetObject", keys("archive/*")),
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
    ],
)
def test_a_grant_of_something_else_does_not_help(granted: dict[str, Any]) -> None:
    """Another folder, the bucket itself, another action, or a denial."""
    assert len(list(check(granted, calls=(PUT,)).denied())) == 1


@pytest.mark.parametrize(
    "granted",
    [
        allow("s3:Put*", keys("*")),
        allow("s3:putobject", keys("archive/?")),
        allow("*", "*"),
    ],
)
def test_wildcards_and_case_are_read_as_iam_does(granted: dict[str, Any]) -> None:
    """Actions know no case; * and ? stand for characters."""
    assert list(check(granted, calls=(PUT,)).denied()) == []


def test_a_denial_overrules_a_grant() -> None:
    """A role's own statement or the bucket's can take back what another gives."""
    denied = {"Effect": "Deny", "NotAction": ["dynamodb:*", "logs:*"], "Resource": "*"}

    assert len(list(check(PUT_GRANTED, denied, calls=(PUT,)).denied())) == 1
    assert list(check(GET_GRANTED, denied, calls=(GET,)).denied()) == []


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, 0),
        ({"Bool": {"aws:SecureTransport": "true"}}, 1),
        ({"NumericLessThan": {"s3:TlsVersion": 1.2}}, 0),
        ({"NumericLessThan": {"s3:TlsVersion": 1.4}}, 1),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:s3:::orders"}}, 1),
        ({"ArnNotLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::orders"}}, 1),
        ({"StringEquals": {"aws:SourceAccount": "123456789012"}}, 0),
    ],
)
def test_a_buckets_policy_is_part_of_it(condition: dict[str, Any], denied: int) -> None:
    """Its denials hold for the calls that fulfil their conditions: ours speak TLS 1.3."""
    found = check(PUT_GRANTED, calls=(PUT,), of_bucket=(deny("s3:*", condition),))

    assert len(list(found.denied())) == denied


@pytest.mark.parametrize(
    "condition",
    [{"StringEquals": {"s3:prefix": "a"}}, {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}],
)
def test_what_cannot_be_evaluated_is_an_error(condition: dict[str, Any]) -> None:
    """A condition on something that is not known of the calls is no reason to guess."""
    with pytest.raises(UnevaluatedError):
        list(check(allow("s3:PutObject", keys("*"), Condition=condition), calls=(PUT,)).denied())


def test_a_grant_of_everything_but_something_is_refused() -> None:
    """Nobody could tell which of its actions are used."""
    with pytest.raises(UnevaluatedError, match="name what it allows"):
        list(check({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}).unused())


def test_an_action_without_resources_is_granted_on_all() -> None:
    """On a resource the grant would be without effect, and the call denied."""
    useless = allow("xray:BatchGetTraces", arn("Bucket"))

    assert len(list(check(useless, calls=(ANY,)).denied())) == 1
    assert len(list(check(useless, calls=(ANY,)).unused())) == 1
    assert list(check(allow("xray:BatchGetTraces", "*"), calls=(ANY,)).denied()) == []


@pytest.mark.parametrize(
    ("need", "words"),
    [
        (Need("s3:HeadObject", "bucket", "${BUCKET_NAME}", "/archive/x"), "IAM has no action s3:HeadObject"),
        (Need("dynamodb:GetItem", "bucket", "${BUCKET_NAME}"), "does not act on arn:aws:s3:::orders"),
        (Need("dynamodb:GetItem", "table", "another"), "the table another is none that a variable of console names"),
        (Need("dynamodb:GetItem", "table", "${ORDERS_TABLE}"), "is none that a variable of console names"),
        (Need("events:PutEvents", UNKNOWN), "on which resource events:PutEvents acts is not known"),
    ],
)
def test_a_call_that_cannot_be_mapped_is_a_problem(need: Need, words: str) -> None:
    """A call that the rules do not know passes for nothing."""
    [problem] = check(GET_GRANTED, calls=(need,)).denied()

    assert words in problem


def test_a_call_of_a_function_that_the_template_lacks_is_a_problem() -> None:
    """A new entry point needs its function's name."""
    found = check(GET_GRANTED)
    found.calls.append(Call("audit", "dynamodb:GetItem", "processor/audit.py:1", (GET,)))

    [problem] = found.denied()

    assert "the template has no function of this name" in problem


def test_what_aws_itself_does_needs_grants_too() -> None:
    """Without its grant to write logs a function is silent."""
    found = check(GET_GRANTED, calls=(GET,))
    found.statements = [statement for statement in found.statements if "logs:PutLogEvents" not in statement.actions]

    assert [problem.split(",")[0] for problem in found.denied()] == ["Lambda writes the log of console"] * 2
