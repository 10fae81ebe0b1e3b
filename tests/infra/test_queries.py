"""The saved Logs Insights queries: well-formed, and about events and fields that are logged."""

import re

import pytest

from cdk.monitoring.queries import ACCESS_QUERIES, CONSOLE_QUERIES, QUERIES
from cdk.resources.gateway import NUMBERS, TEXTS
from tests.infra.stacks import resources

EVENTS = {
    "file_processed",
    "file_partial",
    "file_failed",
    "file_held",
    "file_duplicate",
    "run_began",
    "run_failed",
    "message_refused",
}
# Fields of the processor's log lines: bound to the invocation and the message, given with the event, or Powertools'.
FIELDS = {
    "file_id",
    "object_key",
    "message_id",
    "receive_count",
    "run_id",
    "cause",
    "state",
    "error",
    "duration_ms",
    "accepted_rows",
    "rejected_rows",
    "consumed_write_units",
    "estimated_cost",
    "level",
    "message",
    "service",
    "cold_start",
    "function_request_id",
    "xray_trace_id",
    "exception",
    "exception_name",
}
# Fields of the console's log lines beside Powertools' own (admin_api/web/security.py).
CONSOLE_FIELDS = {"method", "route", "status", "duration_ms", "who"}
# https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
PLATFORM = {
    "type",
    "record.requestId",
    "record.status",
    "record.errorType",
    "record.metrics.durationMs",
    "record.metrics.maxMemoryUsedMB",
    "record.metrics.initDurationMs",
}
COMMANDS = {"fields", "filter", "stats", "sort", "limit"}
WORDS = {"as", "by", "in", "and", "or", "like", "asc", "desc", "ispresent", "count", "count_distinct", "avg", "max"}


def names_in(query: str) -> set[str]:
    """Return the names in a query, without its language, texts and aliases."""
    bare = re.sub(r'"[^"]*"|bin\(\w+\)', " ", query)
    aliases = set(re.findall(r"\bas (\w+)", bare))
    return set(re.findall(r"@?[A-Za-z_][\w.]*", bare)) - aliases - WORDS - COMMANDS - {"@timestamp"}


@pytest.mark.parametrize("title", QUERIES)
def test_query_names_fields_that_are_logged(title: str) -> None:
    """A misspelt field is empty in Logs Insights, not an error."""
    assert names_in(QUERIES[title]) <= FIELDS | PLATFORM


@pytest.mark.parametrize("title", CONSOLE_QUERIES)
def test_query_to_the_console_names_its_fields(title: str) -> None:
    """They are those of a request and of an exception."""
    assert names_in(CONSOLE_QUERIES[title]) <= FIELDS | CONSOLE_FIELDS


@pytest.mark.parametrize("title", ACCESS_QUERIES)
def test_query_to_the_access_log_names_its_fields(title: str) -> None:
    """They are those that API Gateway is told to write."""
    assert names_in(ACCESS_QUERIES[title]) <= TEXTS.keys() | NUMBERS.keys()


@pytest.mark.parametrize("title", [*QUERIES, *CONSOLE_QUERIES, *ACCESS_QUERIES])
def test_query_is_made_of_known_commands(title: str) -> None:
    """Each part between bars begins with a command, and texts and brackets are closed."""
    query = (QUERIES | CONSOLE_QUERIES | ACCESS_QUERIES)[title]

    assert {part.split()[0] for part in re.sub(r'"[^"]*"', "", query).split("|")} <= COMMANDS
    assert query.count('"') % 2 == 0
    assert query.count("(") == query.count(")")


@pytest.mark.parametrize("title", QUERIES)
def test_query_is_about_events_that_happen(title: str) -> None:
    """The constant events of the processor, or Lambda's own report."""
    texts = set(re.findall(r'"([a-z_.]+)"', QUERIES[title]))

    assert texts <= EVENTS | {"platform.report", "success"}


def test_queries_are_saved_in_a_folder_of_their_environment() -> None:
    """Each looks into the log group that holds its fields: a function's, or the console's access log."""
    found = resources("AWS::Logs::QueryDefinition", environment="prod").values()
    saved = {query["Properties"]["Name"]: query["Properties"]["LogGroupNames"] for query in found}
    (processor,) = [name for name in resources("AWS::Logs::LogGroup") if "Processor" in name]
    (console,) = [name for name in resources("AWS::Logs::LogGroup") if "ConsoleWeb" in name]
    (access_log,) = [name for name in resources("AWS::Logs::LogGroup") if "AccessLog" in name]

    assert saved == {
        **{f"Waybill/prod/{title}": [{"Ref": processor}] for title in QUERIES},
        **{f"Waybill/prod/{title}": [{"Ref": console}] for title in CONSOLE_QUERIES},
        **{f"Waybill/prod/{title}": [{"Ref": access_log}] for title in ACCESS_QUERIES},
    }
