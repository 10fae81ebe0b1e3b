"""The console's two functions: the one that answers browsers and scripts, and the worker for what takes longer.

Both run one bundle with one configuration. Either may act; only the first may look into everything. Every grant names
the actions and the keys that the code uses; nothing here is broader for convenience.
"""

from dataclasses import dataclass
from typing import Any

from aws_cdk import ArnFormat, Duration, Stack
from constructs import Construct

from cdk.bundling.bundle import bundled_code
from cdk.names import dashboard_url
from cdk.resources.gateway import Gateway
from cdk.resources.ingest import Ingest
from cdk.resources.processor import Processor
from cdk.resources.python_function import PythonFunction
from cdk.resources.sign_in import SignIn
from cdk.resources.storage import ARCHIVE, FAILED, FILES_INDEXES, PROCESSED, RAW, Storage, keys_accepted
from cdk.settings import Settings

SERVICE = "console"
# An HTTP API gives up after 30 s, and then nobody reads the answer.
ANSWER_SECONDS = 29
# Lambda's longest. A bulk action that needs longer invokes the worker again for what is left.
WORK_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the console looks at and acts on."""

    storage: Storage
    ingest: Ingest
    processor: Processor
    sign_in: SignIn
    gateway: Gateway


class Console(Construct):
    """The functions, and the way from the HTTP API to the first of them."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, parts: Parts) -> None:
        super().__init__(scope, construct_id)
        self._parts = parts
        # Fixed, since the functions' own environment and role hold their names.
        self._name = f"waybill-{settings.environment}-console"
        self._worker_name = f"{self._name}-worker"
        self._settings = settings
        alike: dict[str, Any] = {
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
            **alike,
        )
        self.worker = PythonFunction(
            self,
            "Worker",
            name=self._worker_name,
            description="Carries out what operators ask for in bulk.",
            handler="admin_api.worker.handle",
            timeout_s=WORK_SECONDS,
            # An invocation that dies is repeated: what it has done is in the ledger, and it goes on from there.
            retry_attempts=2,
            max_event_age=Duration.hours(6),
            **alike,
        )
        for function in (self.web, self.worker):
            self._let_act(function)
            function.acknowledge(keys_accepted(parts.storage.bucket))
        self._let_look(self.web)
        parts.gateway.lead_to(self.web.function)

    def _environment(self) -> dict[str, str]:
        """Spell out admin_api.wiring.config.Config's fields; a template test holds the two together."""
        parts, settings = self._parts, self._settings
        return {
            "BUCKET_NAME": parts.storage.bucket.bucket_name,
            "ORDERS_TABLE": parts.storage.orders.table_name,
            "FILES_TABLE": parts.storage.files.table_name,
            "QUEUE_URL": parts.ingest.queue.queue_url,
            "DEAD_LETTER_QUEUE_URL": parts.ingest.dead_letters.queue_url,
            "ENVIRONMENT": settings.environment,
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
        }

    def _let_act(self, function: PythonFunction) -> None:
        """Allow what actions do: to the ledger and the queues, and to what a dismissed file leaves behind."""
        storage, ingest = self._parts.storage, self._parts.ingest
        allow, keys = function.allow, storage.keys
        # A transaction needs the permissions of its parts.
        reading = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"]
        allow([*reading, "dynamodb:PutItem", "dynamodb:UpdateItem"], storage.files.table_arn)
        allow(["dynamodb:Query"], *(f"{storage.files.table_arn}/index/{index}" for index in FILES_INDEXES))
        # A dismissed file's original leaves inbox or failed-data/ for archive/, as a settled one's does.
        allow(["s3:GetObject", "s3:GetObjectVersion"], *keys(RAW, FAILED))
        allow(["s3:PutObject", "s3:AbortMultipartUpload"], *keys(ARCHIVE))
        allow(["s3:DeleteObjectVersion"], *keys(RAW))
        allow(["s3:DeleteObject"], *keys(FAILED))
        # Without them S3 answers 403 for a missing object or version, which cannot be told from a missing grant.
        allow(["s3:ListBucket", "s3:ListBucketVersions"], storage.bucket.bucket_arn)
        allow(["sqs:GetQueueAttributes", "sqs:SendMessage"], ingest.queue.queue_arn)
        taking = ["sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
        moving = ["sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks", "sqs:CancelMessageMoveTask"]
        allow([*taking, *moving], ingest.dead_letters.queue_arn)
        allow(["lambda:InvokeFunction"], self._arn_of_worker())

    def _let_look(self, function: PythonFunction) -> None:
        """Allow what pages show, and what browsers do by addresses that the function has signed."""
        storage, processor = self._parts.storage, self._parts.processor
        allow, keys = function.allow, storage.keys
        allow(["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"], storage.orders.table_arn)
        if indexes := self._settings.order_indexes:
            allow(["dynamodb:Query"], *(f"{storage.orders.table_arn}/index/{index}" for index in indexes))
        allow(["s3:GetObject", "s3:GetObjectVersion"], *keys(PROCESSED, ARCHIVE))
        allow(["s3:PutObject"], *keys(RAW))
        allow(["logs:FilterLogEvents"], processor.log_group.log_group_arn)
        # None of these knows resources; of alarms, composite ones are only shown to who may see all.
        allow(["cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms"], "*")
        allow(["xray:BatchGetTraces", "xray:GetTraceSummaries"], "*")
        allow(["secretsmanager:GetSecretValue"], self._parts.sign_in.session_key_arn)

    def _arn_of_worker(self) -> str:
        return Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name=self._worker_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
