"""The policies of a synthesised template, with concrete ARNs, and their evaluation as IAM does it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. What the evaluation does not
know (an operator, a condition's key, a function of the template) is an error, never a guess.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.grants.template import ACCOUNT, REGION, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tests.grants.template import Template

CONTEXT = {
    "aws:SecureTransport": "true",
    "s3:TlsVersion": "1.3",
    "aws:PrincipalAccount": ACCOUNT,
    "aws:RequestedRegion": REGION,
}
"""What is true of every call: the SDK speaks TLS 1.2 or newer."""


class UnevaluatedError(Exception):
    """A policy says something that this evaluation does not know."""


@dataclass(frozen=True)
class Statement:
    """One statement. ``principals`` are roles by logical id, services by name, and "*"."""

    policy: str
    is_allow: bool
    principals: tuple[str, ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]
    excludes_actions: bool = False
    excludes_resources: bool = False

    def covers(self, request: Request) -> bool:
        """Tell whether the statement is about a request."""
        return (
            ("*" in self.principals or request.principal in self.principals)
            and any(matches(action, request.action, re.IGNORECASE) for action in self.actions) != self.excludes_actions
            and any(matches(arn, request.resource) for arn in self.resources) != self.excludes_resources
            and all(_holds(name, tests, request.context) for name, tests in self.conditions.items())
        )

    def grants(self) -> Iterator[tuple[str, str, str]]:
        """List who may do what on what, each separately."""
        if self.is_allow and (self.excludes_actions or self.excludes_resources):
            raise UnevaluatedError(f"{self.policy} allows all but something: name what it allows.")
        for principal in self.principals if self.is_allow else ():
            for action in self.actions:
                for resource in self.resources:
                    yield principal, action, resource


class Request(NamedTuple):
    """A principal's action on a resource."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, str] = CONTEXT


def is_allowed(statements: Iterable[Statement], request: Request) -> bool:
    """Evaluate: a denial overrules, and what nothing allows is denied."""
    covering = [statement for statement in statements if statement.covers(request)]
    return bool(covering) and all(statement.is_allow for statement in covering)


def statements_of(template: Template) -> list[Statement]:
    """Read all policies of a template: of roles, buckets, queues, topics and functions."""
    return [statement for kind, read in _READERS.items() for statement in read(template, template.of_kind(kind))]


def matches(pattern: str, text: str, flags: int = 0) -> bool:
    """Tell whether a text has the form of a pattern with * and ?."""
    return bool(_compile(pattern, flags).fullmatch(text))


@functools.cache
def _compile(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), flags | re.DOTALL)


def _of_roles(template: Template, policies: dict[str, Any]) -> Iterator[Statement]:
    for policy, properties in policies.items():
        roles = tuple(role["Ref"] for role in properties["Roles"])
        yield from _read_document(template, policy, properties["PolicyDocument"], roles)


def _of_role(template: Template, roles: dict[str, Any]) -> Iterator[Statement]:
    for role, properties in roles.items():
        if properties.get("ManagedPolicyArns"):
            raise UnevaluatedError(f"{role} has a managed policy: write the grants out instead.")
        for policy in properties.get("Policies", ()):
            yield from _read_document(template, role, policy["PolicyDocument"], (role,))


def _of_resource(template: Template, policies: dict[str, Any]) -> Iterator[Statement]:
    for policy, properties in policies.items():
        yield from _read_document(template, policy, properties["PolicyDocument"], None)


def _of_function(template: Template, permissions: dict[str, Any]) -> Iterator[Statement]:
    for permission, properties in permissions.items():
        conditions: dict[str, dict[str, Any]] = {}
        if source := properties.get("SourceArn"):
            conditions["ArnLike"] = {"aws:SourceArn": template.resolve(source)}
        if account := properties.get("SourceAccount"):
            conditions["StringEquals"] = {"aws:SourceAccount": template.resolve(account)}
        yield Statement(
            policy=permission,
            is_allow=True,
            principals=(template.resolve(properties["Principal"]),),
            actions=(properties["Action"],),
            resources=(template.arn_of_function(properties["FunctionName"]),),
            conditions=conditions,
        )


_READERS: dict[str, Callable[[Template, dict[str, Any]], Iterator[Statement]]] = {
    "AWS::IAM::Policy": _of_roles,
    "AWS::IAM::Role": _of_role,
    "AWS::S3::BucketPolicy": _of_resource,
    "AWS::SQS::QueuePolicy": _of_resource,
    "AWS::SNS::TopicPolicy": _of_resource,
    "AWS::Lambda::Permission": _of_function,
}


def _read_document(
    template: Template, policy: str, document: dict[str, Any], principals: tuple[str, ...] | None
) -> Iterator[Statement]:
    for statement in listed(document["Statement"]):
        if unknown := statement.keys() - _READ:
            raise UnevaluatedError(f"{policy} has a statement with {', '.join(sorted(unknown))}.")
        yield Statement(
            policy=policy,
            is_allow=statement["Effect"] == "Allow",
            principals=principals or tuple(_principals(template, statement["Principal"])),
            actions=tuple(listed(statement.get("Action", statement.get("NotAction")))),
            resources=tuple(
                template.resolve(arn) for arn in listed(statement.get("Resource", statement.get("NotResource")))
            ),
            conditions={
                operator: {key: template.resolve(value) for key, value in tests.items()}
                for operator, tests in statement.get("Condition", {}).items()
            },
            excludes_actions="NotAction" in statement,
            excludes_resources="NotResource" in statement,
        )


_READ = {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"}


def _principals(template: Template, principal: Any) -> Iterator[str]:
    if principal == "*":
        yield "*"
        return
    for kind, names in principal.items():
        for name in listed(names):
            if kind == "Service" or name == "*":
                yield template.resolve(name)
            else:
                yield template.role_of(name)


_NOT_THERE = object()


def _holds(operator: str, tests: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Tell whether all tests of a condition's operator hold."""
    name = operator.removesuffix("IfExists")
    compare, negates = _OPERATORS.get(name, (None, False))
    if compare is None:
        raise UnevaluatedError(f"The condition operator {operator} is not known: add it to tests/grants/policies.py.")
    for key, wanted in tests.items():
        value = context.get(key)
        if value is None:
            if key not in _MAY_BE_ABSENT and not operator.endswith("IfExists"):
                raise UnevaluatedError(f"Whether calls have {key} is not known: add it to tests/grants/policies.py.")
            if operator.endswith("IfExists") or negates:
                continue
            return False
        if any(compare(str(each), value) for each in listed(wanted)) == negates:
            return False
    return True


# Only calls of AWS's services for a resource have the first two. The keys of items are not recorded: they only deny.
_MAY_BE_ABSENT = {"aws:SourceArn", "aws:SourceAccount", "dynamodb:LeadingKeys"}


def _equals(wanted: str, value: str) -> bool:
    return wanted.lower() == value.lower()


_OPERATORS: dict[str, tuple[Callable[[str, str], bool] | None, bool]] = {
    "Bool": (_equals, False),
    "StringEquals": (lambda wanted, value: wanted == value, False),
    "StringNotEquals": (lambda wanted, value: wanted == value, True),
    "StringEqualsIgnoreCase": (_equals, False),
    "StringLike": (matches, False),
    "StringNotLike": (matches, True),
    "ForAnyValue:StringLike": (matches, False),
    "ArnEquals": (matches, False),
    "ArnLike": (matches, False),
    "ArnNotEquals": (matches, True),
    "ArnNotLike": (matches, True),
    "NumericLessThan": (lambda wanted, value: float(value) < float(wanted), False),
    "NumericLessThanEquals": (lambda wanted, value: float(value) <= float(wanted), False),
    "NumericGreaterThan": (lambda wanted, value: float(value) > float(wanted), False),
    "NumericGreaterThanEquals": (lambda wanted, value: float(value) >= float(wanted), False),
    "NumericEquals": (lambda wanted, value: float(value) == float(wanted), False),
}
