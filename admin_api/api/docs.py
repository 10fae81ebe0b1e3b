"""The page that describes the JSON API, rendered from its OpenAPI document without a foreign script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from admin_api.rendering.views import page

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "delete")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a call, or a field of its body."""

    name: str
    place: str
    """``query``, ``path`` or ``body``."""
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    answers: tuple[tuple[str, str], ...]
    """Statuses and their meanings."""


@dataclass(frozen=True, slots=True)
class DocsPage:
    """The page's context."""

    groups: dict[str, list[Call]]
    console_url: str
    region: str
    scripts_client_id: str


@router.get("/api/docs")
def show_api_docs(request: Request) -> Response:
    """Show every call with its parameters and answers."""
    console = request.app.state.console
    context = DocsPage(
        groups=group_calls(request.app.openapi()),
        console_url=console.config.console_url,
        region=console.region,
        scripts_client_id=console.config.scripts_client_id,
    )
    return page(request, "api/docs.html", context, section="api")


def group_calls(document: dict[str, Any]) -> dict[str, list[Call]]:
    """Group the calls of an OpenAPI document by their first tag."""
    groups: dict[str, list[Call]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                operation = item[method]
                groups.setdefault(operation["tags"][0], []).append(_call(document, method, path, operation))
    return groups


def _call(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Call:
    parameters = [
        Parameter(
            name=each["name"],
            place=each["in"],
            kind=_type_words(document, each["schema"]),
            required=each.get("required", False),
            description=each.get("description", ""),
        )
        for each in operation.get("parameters", ())
    ]
    body = operation.get("requestBody")
    if body:
        schema = _resolved(document, body["content"]["application/json"]["schema"])
        needed = schema.get("required", ())
        parameters += [
            Parameter(name, "body", _type_words(document, field), name in needed, field.get("description", ""))
            for name, field in schema["properties"].items()
        ]
    answers = tuple((status, answer["description"]) for status, answer in sorted(operation["responses"].items()))
    return Call(
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        parameters=tuple(parameters),
        answers=answers,
    )


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return document["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def _type_words(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """Name the type of a value in a few words."""
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return " or ".join(_type_words(document, each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type_words(document, schema['items'])}"
    return str(schema.get("type", "anything"))
