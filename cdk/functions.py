"""The Lambda functions: their code, their environment, what wakes them and what they may touch.

Every grant names the actions and the keys that the code uses; nothing here is broader for convenience.
"""

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.bundling import bundled_code
from cdk.settings import LOG_RETENTION_DAYS, Settings
from cdk.storage import ARCHIVE, FAILED, PROCESSED, RAW, Storage

RUNTIME = lambda_.Runtime.PYTHON_3_12
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}
LOG_RETENTION = dict(zip(LOG_RETENTION_DAYS, logs.RetentionDays, strict=False))  # CDK adds an "infinite" at the end.


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
    ) -> None:
        super().__init__(scope, construct_id)
        name = f"waybill-{settings.environment}-processor"
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=LOG_RETENTION[settings.log_retention_days],
            # Made again under the same name by the next deployment, which would fail on one left behind.
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description="Turns an uploaded order file into orders, one run for each message.",
            runtime=RUNTIME,
            architecture=ARCHITECTURES[settings.architecture],
            handler="processor.handler.handle",
            code=bundled_code("processor", architecture=settings.architecture),
            memory_size=settings.memory_mb,
            timeout=Duration.seconds(settings.timeout_s),
            environment=_environment(settings, storage, queue, alerts),
            role=self.role,
            tracing=lambda_.Tracing.ACTIVE if settings.trace_sampling else lambda_.Tracing.PASS_THROUGH,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=self.log_group,
            application_log_level_v2=_lowest_level_let_through(settings),
        )
        self.function.add_event_source(
            event_sources.SqsEventSource(
                queue,
                batch_size=settings.batch_size,
                # Bounds this function without reserving concurrency, which fails where an account has only 10 in all.
                max_concurrency=settings.max_concurrency,
                report_batch_item_failures=True,
            )
        )
        # CDK lists the role among the function's dependencies beside referring to it; cfn-lint calls that redundant.
        resource = self.function.node.default_child
        if isinstance(resource, lambda_.CfnFunction):
            resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3005"]}})
        self._grant(storage, alerts)
        self._acknowledge(storage.bucket)

    def _grant(self, storage: Storage, alerts: sns.Topic) -> None:
        """Allow what a run does. Consuming the queue and sending traces were granted where they were switched on."""
        bucket = storage.bucket

        def allow(actions: list[str], *resources: str) -> None:
            iam.Grant.add_to_principal(grantee=self.role, actions=actions, resource_arns=list(resources))

        def keys(*prefixes: str) -> list[str]:
            return [bucket.arn_for_objects(prefix + "*") for prefix in prefixes]

        allow(["s3:GetObject", "s3:GetObjectVersion"], *keys(RAW, FAILED, ARCHIVE))
        allow(["s3:PutObject", "s3:AbortMultipartUpload"], *keys(PROCESSED, FAILED, ARCHIVE))
        # In the inbox a version goes for good, and never another one; in failed-data/ a delete marker hides them all.
        allow(["s3:DeleteObjectVersion"], *keys(RAW))
        allow(["s3:DeleteObject"], *keys(FAILED))
        # Without them S3 answers 403 for a missing object or version, which cannot be told from a missing grant.
        allow(["s3:ListBucket", "s3:ListBucketVersions"], bucket.bucket_arn)
        # On the tables alone: grant_write_data would add deletes, and the indexes.
        allow(["dynamodb:BatchWriteItem"], storage.orders.table_arn)
        allow(
            ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"], storage.files.table_arn
        )
        alerts.grant_publish(self.role)

    def _acknowledge(self, bucket: s3.Bucket) -> None:
        accepted = {
            "AwsSolutions-L1": "Python 3.12 is what the whole project is locked to and tested on; it is supported.",
            "AwsSolutions-IAM5[Resource::*]": "X-Ray has no resources: its write actions can be granted on * only.",
        }
        logical_id = Stack.of(self).get_logical_id(bucket.node.default_child)  # type: ignore[arg-type]  # A CfnBucket.
        arn = f"<{logical_id}.Arn>"
        for prefix in (RAW, PROCESSED, FAILED, ARCHIVE):
            accepted[f"AwsSolutions-IAM5[Resource::{arn}/{prefix}*]"] = "The keys under one prefix of our own bucket."
        for rule, reason in accepted.items():
            Validations.of(self).acknowledge(Acknowledgment(id=rule, reason=reason))


def _environment(settings: Settings, storage: Storage, queue: sqs.Queue, alerts: sns.Topic) -> dict[str, str]:
    """Spell out processor.config.Config's fields; a template test holds the two together."""
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
        "DEFAULT_ENCODING": settings.encoding,
        "ORDER_INDEXES": ",".join(settings.order_indexes),
        "POWERTOOLS_SERVICE_NAME": "processor",
        "POWERTOOLS_LOG_LEVEL": settings.log_level,
        "POWERTOOLS_LOGGER_SAMPLE_RATE": str(settings.debug_sample_rate),
    }


def _lowest_level_let_through(settings: Settings) -> lambda_.ApplicationLogLevel:
    """Tell Lambda which log lines to keep: it drops what is below, whatever Powertools was told, sampled debug too.

    Never less than INFO: a line without a level counts as that, and the lines that hold the metrics have none.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    lowest = settings.log_level == "DEBUG" or settings.debug_sample_rate > 0
    return lambda_.ApplicationLogLevel.DEBUG if lowest else lambda_.ApplicationLogLevel.INFO
