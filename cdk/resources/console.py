"""The console's two functions: one answers browsers and scripts, the worker carries out bulk actions.

They share a bundle and a configuration. Both may act; only the first may read orders, outputs, logs, metrics and
traces. Every grant names the actions and the keys that the code uses.
"""

from dataclasses import dataclass
from typing import Any

from aws_cdk import Acknowledgment, Duration, Validations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.bundling.bundle import bundled_code
from cdk.names import dashboard_url, worker_arn, worker_name
from cdk.resources.gateway import Gateway
from cdk.resources.ingest import Ingest
from cdk.resources.processor import Processor
from cdk.resources.python_function import PythonFunction
from cdk.resources.sign_in import SignIn
from cdk.resources.storage import ARCHIVE, FAILED, FILES_INDEXES, PROCESSED, RAW, Storage, keys_accepted
from cdk.settings import Settings

SERVICE = "console"
# An HTTP API gives up after 30 s.
ANSWER_SECONDS = 29
# Lambda's limit. A bulk action that needs longer invokes the worker again for the rest.
WORK_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The constructs that the console reads and acts on."""

    storage: Storage
    ingest: Ingest
    processor: Processor
    sign_in: SignIn
    gateway: Gateway
    alerts: sns.Topic


class Console(Construct):
    """Both functions, with the HTTP API's route to the first."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, parts: Parts) -> None:
        super().__init__(scope, construct_id)
        self._parts = parts
        # Fixed names, as the functions' own environment and role hold them.
        self._name = f"waybill-{settings.environment}-console"
        self._worker_name = worker_name(settings)
        self._settings = settings
        shared: dict[str, Any] = {
            "settings": settings,
            "service": SERVICE,
            "code": bundled_code("console", architecture=settings.architecture),
            "memory_size": settings.console_memory_mb,
            "environment": self._environment(),
        }
        self.web = PythonFunction(
            self,
            "Web",
            name=self._name,
            description="The console for operators, and its JSON API.",
            handler="admin_api.handler.handle",
            timeout_s=ANSWER_SECONDS,
            reserved_concurrent_executions=settings.console_concurrency or None,
            **shared,
        )
        self.worker = PythonFunction(
            self,
            "Worker",
            name=self._worker_name,
            description="Carries out what operators ask for in bulk.",
            handler="admin_api.worker.handle",
            timeout_s=WORK_SECONDS,
            # Lambda repeats an invocation that dies; the ledger holds its progress, so it goes on from there.
            retry_attempts=2,
            max_event_age=Duration.hours(6),
            # It invokes itself until the action is done; Lambda would take 16 invocations in a row for a loop.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            **shared,
        )
        self.failed_actions = self._keep_failures()
        for function in (self.web, self.worker):
            self._grant_actions(function)
            function.acknowledge(keys_accepted(parts.storage.bucket))
        self._grant_work(self.worker)
        self._grant_reads(self.web)
        self._grant_audits(self.worker)
        parts.gateway.route_to(self.web.function)

    def _environment(self) -> dict[str, str]:
        """Return the variables of admin_api.wiring.config.Config; a template test holds both equal."""
        parts, settings = self._parts, self._settings
        return {
            "BUCKET_NAME": parts.storage.bucket.bucket_name,
            "ORDERS_TABLE": parts.storage.orders.table_name,
            "FILES_TABLE": parts.storage.files.table_name,
            "QUEUE_URL": parts.ingest.queue.queue_url,
            "DEAD_LETTER_QUEUE_URL": parts.ingest.dead_letters.queue_url,
            "ALERTS_TOPIC_ARN": parts.alerts.topic_arn,
            "ENVIRONMENT": settings.environment,
            "TEMPORARY_NAMES": ",".join(settings.temporary_names),
            "ORDER_INDEXES": ",".join(settings.order_indexes),
            "MAX_FILE_BYTES": str(settings.max_file_mb * 1024 * 1024),
            "CONSOLE_URL": parts.gateway.url,
            "USER_POOL_ID": parts.sign_in.pool.user_pool_id,
            "CLIENT_ID": parts.sign_in.browser.user_pool_client_id,
            "SCRIPTS_CLIENT_ID": parts.sign_in.scripts.user_pool_client_id,
            "SESSION_SECRET_ARN": parts.sign_in.session_key_arn,
            "CONSOLE_FUNCTION": self._name,
            "WORKER_FUNCTION": self._worker_name,
            "PROCESSOR_FUNCTION": parts.processor.function.function_name,
            "PROCESSOR_LOG_GROUP": parts.processor.log_group.log_group_name,
            "DASHBOARD_URL": dashboard_url(settings),
            "MONITORING": settings.monitoring,
            "DEFAULT_ENCODING": settings.encoding,
            "AUDIT_FILES": str(settings.audit_files),
            "PROCESSED_RETENTION_DAYS": str(settings.processed_retention_days),
            "FAILED_RETENTION_DAYS": str(settings.failed_retention_days),
            "ARCHIVE_RETENTION_DAYS": str(settings.archive_retention_days),
        }

    def _keep_failures(self) -> sqs.Queue:
        """Keep what Lambda gives up on: the worker's event and its last error, until a person has seen to it."""
        queue = sqs.Queue(
            self,
            "FailedActions",
            queue_name=f"waybill-{self._settings.environment}-failed-actions",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            redrive_allow_policy=sqs.RedriveAllowPolicy(redrive_permission=sqs.RedrivePermission.DENY_ALL),
        )
        last_stop = "Nothing consumes it but people, so no message of it can fail."
        Validations.of(queue).acknowledge(Acknowledgment(id="AwsSolutions-SQS3", reason=last_stop))
        config = self.worker.function.node.find_child("EventInvokeConfig").node.default_child
        if not isinstance(config, lambda_.CfnEventInvokeConfig):
            raise TypeError("the worker of this stack is its own, with a resource behind its asynchronous invocations")
        config.destination_config = lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
            on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=queue.queue_arn)
        )
        # Lambda sends with the worker's own role, and refuses a destination for which that lacks the grant.
        self.worker.allow(["sqs:SendMessage"], queue.queue_arn).apply_before(config)
        return queue

    def _grant_actions(self, function: PythonFunction) -> None:
        """Allow what both do: keep the ledger, dismiss a file, look at dead letters, and call the worker."""
        storage, ingest = self._parts.storage, self._parts.ingest
        allow, keys = function.allow, storage.keys
        # A transaction needs the permissions of its parts.
        read = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
        allow([*read, "dynamodb:PutItem", "dynamodb:UpdateItem"], storage.files.table_arn)
        allow(["dynamodb:Query"], *(f"{storage.files.table_arn}/index/{index}" for index in FILES_INDEXES))
        # The original of a dismissed file moves from the inbox or failed-data/ to archive/, where a copy in parts is
        # looked at when it is complete, and whatever an earlier run had still to delete goes. Originals are read by
        # their versions.
        allow(["s3:GetObjectVersion"], *keys(RAW, FAILED, ARCHIVE))
        allow(["s3:GetObject"], *keys(FAILED, ARCHIVE))
        allow(["s3:PutObject", "s3:AbortMultipartUpload"], *keys(ARCHIVE))
        allow(["s3:DeleteObjectVersion"], *keys(RAW))
        allow(["s3:DeleteObject"], *keys(FAILED, ARCHIVE))
        # Without these S3 answers 403 for a missing object or version, as for a missing grant.
        allow(["s3:ListBucket", "s3:ListBucketVersions"], storage.bucket.bucket_arn)
        # Its length tells whether the message of a file that waits is gone.
        allow(["sqs:SendMessage", "sqs:GetQueueAttributes"], ingest.queue.queue_arn)
        look = ["sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"]
        allow(look, ingest.dead_letters.queue_arn)
        allow(["lambda:InvokeFunction"], worker_arn(self, self._settings))

    def _grant_work(self, function: PythonFunction) -> None:
        """Allow what is the worker's alone: letters leave the dead-letter queue, and orders the table."""
        storage = self._parts.storage
        function.allow(["sqs:DeleteMessage"], self._parts.ingest.dead_letters.queue_arn)
        # BatchWriteItem would let it write orders, too. Each delete is part of a transaction with the ledger's count.
        function.allow(["dynamodb:DeleteItem"], storage.orders.table_arn)
        function.allow(["dynamodb:ConditionCheckItem"], storage.files.table_arn)
        # The accepted rows of a voided file go; its rejected rows move from failed-data/ to archive/.
        function.allow(["s3:DeleteObject"], *storage.keys(PROCESSED))

    def _grant_audits(self, function: PythonFunction) -> None:
        """Allow what an audit reads besides the ledger and the originals: the orders, and the accepted rows."""
        storage = self._parts.storage
        function.allow(["dynamodb:BatchGetItem", "dynamodb:Query"], storage.orders.table_arn)
        if indexes := self._settings.order_indexes:
            function.allow(["dynamodb:Query"], *(f"{storage.orders.table_arn}/index/{index}" for index in indexes))
        function.allow(["s3:GetObject", "s3:GetObjectVersion"], *storage.keys(PROCESSED))
        # Uploads that their clients have left unfinished are told of by mail.
        function.allow(["sns:Publish"], self._parts.alerts.topic_arn)

    def _grant_reads(self, function: PythonFunction) -> None:
        """Allow what pages show, and what presigned addresses let browsers do."""
        storage, processor = self._parts.storage, self._parts.processor
        allow, keys = function.allow, storage.keys
        allow(["dynamodb:BatchGetItem", "dynamodb:Query"], storage.orders.table_arn)
        if indexes := self._settings.order_indexes:
            allow(["dynamodb:Query"], *(f"{storage.orders.table_arn}/index/{index}" for index in indexes))
        allow(["s3:GetObject"], *keys(PROCESSED))
        # An upload, or an object whose event is lost, is looked at as it is now: its version is not known yet.
        allow(["s3:GetObject", "s3:PutObject"], *keys(RAW))
        allow(["logs:FilterLogEvents"], processor.log_group.log_group_arn)
        # These actions take no resources. DescribeAlarms lists composite alarms only with a grant on *.
        allow(["cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms"], "*")
        allow(["xray:BatchGetTraces"], "*")
        # Whether an account is still enabled, and its groups, while its session goes on.
        allow(
            ["cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser"], self._parts.sign_in.pool.user_pool_arn
        )
        allow(["secretsmanager:GetSecretValue"], self._parts.sign_in.session_key_arn)
