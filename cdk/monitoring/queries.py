"""The saved queries of the logs: CloudWatch → Logs Insights → Saved queries → Waybill.

They use events and fields that `processor/` and `admin_api/` log (a test keeps a table of them), and the fields of the
console's access log.
"""

from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.conditions import only_on_aws
from cdk.settings import Settings

INITIALISATIONS = """filter type = "platform.report" and ispresent(record.metrics.initDurationMs)
| stats count(*) as cold_starts, avg(record.metrics.initDurationMs) as average_ms,
    max(record.metrics.initDurationMs) as longest_ms by bin(15m)"""

SETTLED = 'message in ["file_processed", "file_partial", "file_failed", "file_held", "file_duplicate"]'

QUERIES = {
    "Everything about one file": """fields @timestamp, level, message, run_id, receive_count, cause, accepted_rows,
    rejected_rows, duration_ms, estimated_cost, object_key, xray_trace_id
| filter file_id = "PASTE THE FILE ID HERE"
| sort @timestamp asc
| limit 1000""",
    "Find a file by its name": f"""fields @timestamp, message, file_id, object_key, run_id, accepted_rows, rejected_rows
| filter {SETTLED} and object_key like "PASTE A PART OF THE NAME HERE"
| sort @timestamp desc
| limit 100""",
    "Slowest files": f"""fields @timestamp, duration_ms, accepted_rows + rejected_rows as row_count, message,
    object_key, file_id, run_id, xray_trace_id
| filter {SETTLED}
| sort duration_ms desc
| limit 50""",
    "Failures by cause": """filter message in ["file_failed", "file_held", "run_failed"]
| stats count(*) as run_count, count_distinct(file_id) as file_count, max(@timestamp) as newest by message, cause
| sort run_count desc""",
    "Failed runs": """fields @timestamp, cause, receive_count, exception_name, object_key, file_id, run_id,
    xray_trace_id
| filter message = "run_failed"
| sort @timestamp desc
| limit 200""",
    "Files with rejected rows": """fields @timestamp, rejected_rows, accepted_rows,
    100 * rejected_rows / (accepted_rows + rejected_rows) as rejected_percent, object_key, file_id
| filter message = "file_partial"
| sort rejected_rows desc
| limit 200""",
    "Refused messages": """fields @timestamp, message_id, receive_count, error
| filter message = "message_refused"
| sort @timestamp desc
| limit 200""",
    "Invocations that died": """fields @timestamp, record.requestId, record.status, record.errorType,
    record.metrics.durationMs, record.metrics.maxMemoryUsedMB
| filter type = "platform.report" and record.status != "success"
| sort @timestamp desc
| limit 200""",
    "Cold starts": INITIALISATIONS,
}

# Of the console's own log; every page shows its request's id.
CONSOLE_QUERIES = {
    "One console request": """fields @timestamp, level, message, method, route, status, duration_ms, who,
    exception_name, exception, xray_trace_id
| filter function_request_id = "PASTE THE REQUEST ID HERE"
| sort @timestamp asc
| limit 200""",
}

# Of the HTTP API's access log, whose fields are in cdk/resources/gateway.py.
ACCESS_QUERIES = {
    "Console requests that failed": """fields @timestamp, status, method, path, latency_ms, integration_error, ip,
    request_id
| filter status >= 500
| sort @timestamp desc
| limit 200""",
    "Slowest console requests": """fields @timestamp, latency_ms, integration_ms, status, method, path, bytes,
    request_id
| sort latency_ms desc
| limit 50""",
}


class Queries(Construct):
    """The saved queries that the runbook refers to."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        log_group: logs.ILogGroup,
        console_log: logs.ILogGroup,
        access_log: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        groups = ((log_group, QUERIES), (console_log, CONSOLE_QUERIES), (access_log, ACCESS_QUERIES))
        for group, queries in groups:
            for title, query in queries.items():
                self._save(title, query, group)

    def _save(self, title: str, query: str, log_group: logs.ILogGroup) -> None:
        definition = logs.CfnQueryDefinition(
            self,
            title.title().replace(" ", ""),
            # The slashes make folders in the console.
            name=f"Waybill/{self._settings.environment}/{title}",
            query_string=query,
            log_group_names=[log_group.log_group_name],
        )
        only_on_aws(definition)
