"""The saved Logs Insights queries: well-formed, and about events and fields that are logged."""

import re

import pytest

from cdk.queries import QUERIES
from tests.infra.stacks import resources

EVENTS = {
    "file_processed",
    "file_partial",
    "file_failed",
    "file_duplicate",
    "run_began",
    "run_failed",
    "message_refused",
}
# What a line of the processor holds: bound in intake.py and handler.py, given with the event, added by Powertools.
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
    """Return what a query names beside its language, its texts and its own aliases."""
    bare = re.sub(r'"[^"]*"|bin\(\w+\)', " ", query)
    aliases = set(re.findall(r"\bas (\w+)", bare))
    return set(re.findall(r"@?[A-Za-z_][\w.]*", bare)) - aliases - WORDS - COMMANDS - {"@timestamp"}


@pytest.mark.parametrize("title", QUERIES)
def test_query_names_fields_that_are_logged(title: str) -> None:
    """A misspelt field is no error in Logs Insights: it is empty."""
    assert names_in(QUERIES[title]) <= FIELDS | PLATFORM


@pytest.mark.parametrize("title", QUERIES)
def test_query_is_made_of_known_commands(title: str) -> None:
    """Each part between bars begins with a command, and texts and brackets are closed."""
    query = QUERIES[title]

    assert {part.split()[0] for part in re.sub(r'"[^"]*"', "", query).split("|")} <= COMMANDS
    assert query.count('"') % 2 == 0
    assert query.count("(") == query.count(")")


@pytest.mark.parametrize("title", QUERIES)
def test_query_is_about_events_that_happen(title: str) -> None:
    """The constant events of the processor, or Lambda's own report."""
    texts = set(re.findall(r'"([a-z_.]+)"', QUERIES[title]))

    assert texts <= EVENTS | {"platform.report", "success"}


def test_queries_are_saved_in_a_folder_of_their_environment() -> None:
    """Each looks into the processor's log group."""
    (log_group,) = resources("AWS::Logs::LogGroup")
    saved = [query["Properties"] for query in resources("AWS::Logs::QueryDefinition", environment="prod").values()]

    assert {query["Name"] for query in saved} == {f"Waybill/prod/{title}" for title in QUERIES}
    assert all(query["LogGroupNames"] == [{"Ref": log_group}] for query in saved)
