"""The processor's function: code, environment, event source and grants.

Every grant names the actions and the keys that the code uses.
"""

from aws_cdk import Names
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.bundling.bundle import bundled_code
from cdk.names import large_files_arn, worker_arn, worker_name
from cdk.resources.python_function import PythonFunction
from cdk.resources.storage import ARCHIVE, FAILED, PROCESSED, RAW, Storage, keys_accepted
from cdk.settings import Settings


class Processor(Construct):
    """The function that turns one message into one settled file."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        storage: Storage,
        queue: sqs.Queue,
        alerts: sns.Topic,
        console_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._function = PythonFunction(
            self,
            "Processor",
            settings=settings,
            name=f"waybill-{settings.environment}-processor",
            service="processor",
            description="Turns an uploaded order file into orders, one run for each message.",
            handler="processor.handler.handle",
            code=bundled_code("processor", architecture=settings.architecture),
            memory_size=settings.memory_mb,
            timeout_s=settings.timeout_s,
            environment=run_environment(
                self, settings=settings, storage=storage, queue=queue, alerts=alerts, console_url=console_url
            ),
        )
        self.function = self._function.function
        self.log_group = self._function.log_group
        # Not by SqsEventSource, which grants an action that nothing calls; its name keeps the mapping what it was.
        self.function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(queue.node)}",
            event_source_arn=queue.queue_arn,
            batch_size=settings.batch_size,
            # Bounds this function without reserving concurrency, which an account with a limit of 10 refuses.
            max_concurrency=settings.max_concurrency,
            report_batch_item_failures=True,
        )
        # Lambda receives and deletes with the function's role; a run puts off its message's next delivery itself.
        receive = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        # A file that waited for this one goes on by a message of its own.
        self._function.allow([*receive, "sqs:ChangeMessageVisibility", "sqs:SendMessage"], queue.queue_arn)
        grant_runs(self._function, storage, alerts)
        # A command may name an object without its version, whose event was lost.
        self._function.allow(["s3:GetObject"], *storage.keys(RAW))
        # An empty object is asked after a later version of its key, which may be settled.
        self._function.allow(["dynamodb:Query"], f"{storage.files.table_arn}/index/by_kind")
        self._function.allow(["states:StartExecution"], large_files_arn(self, settings))
        self._function.allow(["lambda:InvokeFunction"], worker_arn(self, settings))
        self._function.acknowledge(keys_accepted(storage.bucket))


def grant_runs(function: PythonFunction, storage: Storage, alerts: sns.Topic) -> None:
    """Allow what a run does. The event source and the tracing option bring their own grants."""
    allow, keys = function.allow, storage.keys
    # An original is read by its version, a copy or an output also as it is now.
    allow(["s3:GetObjectVersion"], *keys(RAW, FAILED, ARCHIVE))
    allow(["s3:GetObject"], *keys(FAILED, ARCHIVE))
    # The orders of earlier files are compared with those of a file that brings some of them again.
    allow(["s3:GetObject", "s3:GetObjectVersion"], *keys(PROCESSED))
    allow(["s3:PutObject", "s3:AbortMultipartUpload"], *keys(PROCESSED, FAILED, ARCHIVE))
    # In the inbox the settled version alone is deleted for good; elsewhere a delete marker hides all versions. An
    # archived file that is reprocessed and fails moves from archive/ to failed-data/.
    allow(["s3:DeleteObjectVersion"], *keys(RAW))
    allow(["s3:DeleteObject"], *keys(FAILED, ARCHIVE))
    # Without these S3 answers 403 for a missing object or version, as for a missing grant.
    allow(["s3:ListBucket", "s3:ListBucketVersions"], storage.bucket.bucket_arn)
    # On the tables alone: grant_write_data would add deletes and the indexes.
    allow(["dynamodb:BatchWriteItem"], storage.orders.table_arn)
    # A file's earlier runs are queried for what they stored, where its original has gone away.
    allow(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"], storage.files.table_arn)
    # The log of actions lies in this table, each action in a partition of its own, and only the console writes to it.
    log = {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["action#*"]}}
    function.deny(["dynamodb:PutItem", "dynamodb:UpdateItem"], storage.files.table_arn, log)
    alerts.grant_publish(function.role)


def run_environment(
    scope: Construct, *, settings: Settings, storage: Storage, queue: sqs.Queue, alerts: sns.Topic, console_url: str
) -> dict[str, str]:
    """Return the variables of processor.wiring.config.Config; a template test holds both equal."""
    return {
        "BUCKET_NAME": storage.bucket.bucket_name,
        "ORDERS_TABLE": storage.orders.table_name,
        "FILES_TABLE": storage.files.table_name,
        "QUEUE_URL": queue.queue_url,
        "ALERTS_TOPIC_ARN": alerts.topic_arn,
        "ENVIRONMENT": settings.environment,
        "MAX_RECEIVE_COUNT": str(settings.max_receive_count),
        "RETRY_BACKOFF_S": ",".join(map(str, settings.retry_backoff_s)),
        "MAX_ROWS": str(settings.max_rows),
        "MAX_FILE_BYTES": str(settings.max_file_mb * 1024 * 1024),
        "MAX_GZIP_BYTES": str(settings.max_gzip_mb * 1024 * 1024),
        "RUN_BYTES_PER_S": str(settings.run_kb_per_s * 1024),
        "LARGE_FILES_ARN": large_files_arn(scope, settings),
        "WORKER_FUNCTION": worker_name(settings),
        "LARGE_FILE_TIMEOUT_S": str(settings.large_file_timeout_s),
        "RANGE_BYTES": str(settings.range_mb * 1024 * 1024),
        "DEFAULT_ENCODING": settings.encoding,
        "REJECT": settings.reject,
        "HOLD_ABOVE_REJECTED_PERCENT": str(settings.hold_above_rejected_percent),
        "SAME_ORDERS": settings.same_orders,
        "LINE_END": settings.line_end,
        "SAME_ORDERS_DAYS": str(settings.same_orders_days),
        "TEMPORARY_NAMES": ",".join(settings.temporary_names),
        "ORDER_INDEXES": ",".join(settings.order_indexes),
        "ORDER_WRITES": settings.order_writes,
        "MONITORING": settings.monitoring,
        "CONSOLE_URL": console_url,
    }
