"""The grants of the template, as far as they can be told without the calls that `tests.grants` holds against them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.grants.check import Check
from tests.grants.in_process import ENTRY_POINTS, keep_template
from tests.grants.policies import CONTEXT, Request, is_allowed
from tests.grants.table import permissions_table
from tests.grants.template import Template
from tests.infra.stacks import template_file


@pytest.fixture(scope="module")
def check() -> Check:
    """Read the template, and keep it for `tests.grants`, which would take seconds to synthesise it again."""
    path = template_file(environment="prod")
    keep_template(path)
    return Check(Template.read(path), [])


def test_what_aws_does_for_the_stack_is_allowed(check: Check) -> None:
    """Functions can log and trace, queues deliver, the state machine run its steps, alarms send mails."""
    assert list(check.denied()) == []


@pytest.mark.parametrize("action", ["dynamodb:PutItem", "dynamodb:UpdateItem"])
def test_only_the_console_writes_to_the_log_of_actions(check: Check, action: str) -> None:
    """The log lies in the files table, which the processor writes, too: but not the partitions of actions."""
    table = next(
        statement.resources[0]
        for statement in check.statements
        if not statement.is_allow and "dynamodb:LeadingKeys" in str(statement.conditions)
    )

    def may(role: str, key: str) -> bool:
        context = CONTEXT | {"dynamodb:LeadingKeys": key}
        return is_allowed(check.statements, Request(role, action, table, context))

    roles = {statement.principals[0] for statement in check.statements if table in statement.resources}
    writers = {role for role in roles if may(role, "3887c2b429aa1757c46a1075")}
    assert len(writers) == 4
    assert {role for role in writers if may(role, "action#20261125T184400Z-0123abcd")} == {
        role for role in writers if "Console" in role
    }


def test_the_calls_of_every_function_are_recorded(check: Check) -> None:
    """A new function's entry point is named in `tests/grants/in_process.py`; otherwise its calls pass for nobody's."""
    named = {ENTRY_POINTS.get(each["Handler"].rpartition(".")[0]) for each in check.template.functions.values()}

    assert named == check.template.functions.keys()


def test_the_page_lists_every_grant(check: Check) -> None:
    """A reader sees who may do what without CDK. `python -m tests.grants.table` prints the table anew."""
    page = Path("docs/permissions.md").read_text(encoding="utf-8")

    assert page.partition("| Who |")[1] + page.partition("| Who |")[2] == permissions_table(check)
