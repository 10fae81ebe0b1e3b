"""The bucket's notification, the ingest queue and the dead-letter queue. processor.py consumes the ingest queue."""

from aws_cdk import ArnFormat, Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.names import bucket_name
from cdk.resources.storage import RAW
from cdk.settings import Settings

# AWS recommends six times the function's timeout: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_FACTOR = 6


class Ingest(Construct):
    """The ingest queue and its dead-letter queue."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, bucket: s3.Bucket) -> None:
        super().__init__(scope, construct_id)
        # The queues name each other (redrive, redrive-allow); a fixed name breaks the cycle.
        name = f"waybill-{settings.environment}-ingest"
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=f"waybill-{settings.environment}-dead-letters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(settings.dlq_retention_days),
            redrive_allow_policy=sqs.RedriveAllowPolicy(
                redrive_permission=sqs.RedrivePermission.BY_QUEUE,
                source_queues=[sqs.Queue.from_queue_arn(self, "Source", _queue_arn(self, name))],
            ),
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * settings.timeout_s),
            receive_message_wait_time=Duration.seconds(20),
            retention_period=Duration.days(settings.queue_retention_days),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=settings.max_receive_count
            ),
        )
        self._notify(bucket, settings)

    def _notify(self, bucket: s3.Bucket, settings: Settings) -> None:
        """Let the bucket announce every object under raw-data/ to the queue.

        CDK's add_event_notification deploys a function that may change the notifications of every bucket in the
        account; the bucket's own property needs none. There is no suffix filter: a file with a wrong name must fail
        where a person sees it.
        """
        statement = iam.PolicyStatement(
            sid="AnnounceArrivals",
            principals=[iam.ServicePrincipal("s3.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[self.queue.queue_arn],
            conditions={
                "ArnEquals": {"aws:SourceArn": f"arn:{Aws.PARTITION}:s3:::{bucket_name(settings)}"},
                # A bucket's ARN holds no account, and anybody may take the name of a deleted bucket.
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            },
        )
        policy = self.queue.add_to_resource_policy(statement).policy_dependable
        resource = bucket.node.default_child
        if not isinstance(resource, s3.CfnBucket) or policy is None:
            raise TypeError("the bucket and the queue of this stack are its own, with resources behind them")
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=self.queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=RAW)]
                        )
                    ),
                )
            ]
        )
        # S3 sends a test message when the notification is created, and refuses to create it without the grant.
        bucket.node.add_dependency(policy)


def _queue_arn(scope: Construct, name: str) -> str:
    return Stack.of(scope).format_arn(service="sqs", resource=name, arn_format=ArnFormat.NO_RESOURCE_NAME)
