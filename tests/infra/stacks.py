"""Synthesised templates, one for each context, cached for the session."""

import atexit
import functools
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aws_cdk import assertions

from cdk.app import build_app

NO_BUNDLING: dict[str, object] = {"aws:cdk:bundling-stacks": []}


@functools.cache
def _assembly(context: str) -> Path:
    out_dir = tempfile.mkdtemp(prefix="waybill-assembly-")
    atexit.register(shutil.rmtree, out_dir, ignore_errors=True)
    return Path(build_app(outdir=out_dir, context=NO_BUNDLING | json.loads(context)).synth().directory)


def template_file(**context: object) -> Path:
    """Synthesise the stack without its bundles, findings of cdk-nag included, and return the template's path."""
    folder = _assembly(json.dumps(context, sort_keys=True))
    return folder / f"Waybill-{context.get('environment', 'dev')}.template.json"


def template(**context: object) -> assertions.Template:
    """Return the stack's template for CDK's assertions."""
    return assertions.Template.from_string(template_file(**context).read_text())


def resources(kind: str, **context: object) -> dict[str, Any]:
    """Return the resources of one type by logical id."""
    return dict(template(**context).find_resources(kind))


def only(kind: str, **context: object) -> dict[str, Any]:
    """Return the properties of the single resource of a type."""
    (resource,) = resources(kind, **context).values()
    return dict(resource["Properties"])


def named(kind: str, part: str, **context: object) -> dict[str, Any]:
    """Return the properties of the one resource of a type whose logical id holds this text."""
    (resource,) = [found for logical_id, found in resources(kind, **context).items() if part in logical_id]
    return dict(resource["Properties"])


def as_text(value: Any) -> str:
    """Return a template's text: joined, with values of the deployment as ${LogicalId.Attribute}."""
    if isinstance(value, dict):
        ((function, argument),) = value.items()
        match function:
            case "Ref":
                return f"${{{argument}}}"
            case "Fn::GetAtt":
                return f"${{{'.'.join(argument)}}}"
            case "Fn::Join":
                return str(argument[0]).join(map(as_text, argument[1]))
        raise ValueError(function)
    return str(value)


def state_machine(**context: object) -> dict[str, Any]:
    """Return the state machine's definition, with what is known at deployment only as ${LogicalId.Attribute}."""
    return dict(json.loads(as_text(only("AWS::StepFunctions::StateMachine", **context)["DefinitionString"])))


def granted(function: str = "", **context: object) -> Iterator[tuple[str, str]]:
    """Yield action and resource (as JSON text) of all grants to functions with this text in their names."""
    for name, policy in resources("AWS::IAM::Policy", **context).items():
        statements = policy["Properties"]["PolicyDocument"]["Statement"] if function in name else []
        for statement in (each for each in statements if each["Effect"] == "Allow"):
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    yield action, resource if isinstance(resource, str) else json.dumps(resource)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
