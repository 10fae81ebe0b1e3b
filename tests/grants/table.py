"""The table of who may do what, for docs/permissions.md: ``python -m tests.grants.table`` prints it."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from tests.grants.check import Check
from tests.grants.template import Template

if TYPE_CHECKING:
    from collections.abc import Iterable


def permissions_table(check: Check) -> str:
    """Write the table: a row for each caller and the resources on which it may do the same."""
    roles = {check.template.role_of(each["Role"]): name for name, each in check.template.functions.items()}
    actions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for principal, action, resource in check.grants:
        who = roles.get(principal) or (principal if "." in principal else _without_hash(principal))
        actions[who, _label(check.template, resource)].add(action)
    resources: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (who, resource), allowed in sorted(actions.items()):
        resources[who, tuple(sorted(allowed))].append(resource)
    rows = [f"| {who} | {_code(on)} | {_code(allowed)} |" for (who, allowed), on in resources.items()]
    return "\n".join(["| Who | On | May |", "|---|---|---|", *rows]) + "\n"


def _label(template: Template, arn: str) -> str:
    """Name a resource by its logical id, with what follows its ARN; keys of the bucket by their folder."""
    for logical_id in template.resources:
        own = template.arn_of(logical_id)
        if own and (arn == own or arn.startswith(f"{own}/")):
            rest = arn.removeprefix(own)
            is_key = rest and own.startswith("arn:aws:s3:")
            return rest.removeprefix("/").removesuffix("*") if is_key else _without_hash(logical_id) + rest
    return arn.split(":", 5)[-1].replace("-prod-", "-…-")


def _without_hash(logical_id: str) -> str:
    return re.sub("[0-9A-F]{8}$", "", logical_id)


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


if __name__ == "__main__":
    from tests.infra.stacks import template_file

    print(permissions_table(Check(Template.read(template_file(environment="prod")), [])), end="")
