"""The bucket and the two tables: keys, lifecycle rules, and the removal policy. Grants are with their grantees."""

from typing import Any

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.names import bucket_name
from cdk.settings import Settings

RAW, PROCESSED, FAILED, ARCHIVE = "raw-data/", "processed-data/", "failed-data/", "archive/"
WORK = "work-data/"
WORK_DAYS = 15
# Indexes of the files table by name, with their partition keys: the files of one state, and all files or all actions,
# newest first.
FILES_INDEXES = {"by_state": "state", "by_kind": "kind"}


def removal_policy(settings: Settings) -> RemovalPolicy:
    """Return what happens to the data when the stack is removed."""
    return RemovalPolicy.DESTROY if settings.removal_policy == "destroy" else RemovalPolicy.RETAIN


def _removal_of_bucket(removal: RemovalPolicy) -> RemovalPolicy:
    """Keep a bucket unless its very creation is rolled back: its name is fixed, and would refuse the next deployment.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if removal is RemovalPolicy.RETAIN else removal


class Storage(Construct):
    """The bucket, the orders table and the files table (the ledger)."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, console_origin: str) -> None:
        super().__init__(scope, construct_id)
        removal = removal_policy(settings)
        self.bucket = self._make_bucket(settings, removal, [console_origin, *settings.console_origins])
        self.orders = self._make_table(
            "Orders", "order_id", "processed_timestamp", removal, warm_throughput=_warm(settings)
        )
        if "by_customer" in settings.order_indexes:
            warm = _warm(settings)
            _add_index(self.orders, "by_customer", "customer_key", "processed_timestamp", warm_throughput=warm)
        self.files = self._make_table(
            "Files",
            "file_id",
            "entry",
            removal,
            # Of ended sessions, registered orders, forgotten files, claims of unstored uploads: nothing else expires.
            time_to_live_attribute="expires_at",
        )
        for index, partition_key in FILES_INDEXES.items():
            _add_index(self.files, index, partition_key, "received_at")

    def keys(self, *prefixes: str) -> list[str]:
        """Return the ARNs of all keys under these prefixes."""
        return [self.bucket.arn_for_objects(prefix + "*") for prefix in prefixes]

    def _make_bucket(self, settings: Settings, removal: RemovalPolicy, origins: list[str]) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name(settings),
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            # Not auto_delete_objects, which deploys a function that may delete everything; `make destroy` empties it.
            removal_policy=_removal_of_bucket(removal),
            lifecycle_rules=_lifecycle(settings),
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.POST],
                    allowed_origins=origins,
                    allowed_headers=["*"],
                    exposed_headers=["ETag", "x-amz-version-id"],
                    max_age=3600,
                )
            ],
        )
        no_access_log = (
            "Every object's way is in the files ledger and its versions; access logs would be a second bucket "
            "to pay for and to protect. CloudTrail data events for the account give the same."
        )
        Validations.of(bucket).acknowledge(Acknowledgment(id="AwsSolutions-S1", reason=no_access_log))
        return bucket

    def _make_table(
        self, name: str, partition_key: str, sort_key: str, removal: RemovalPolicy, **options: Any
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            name,
            partition_key=_text_key(partition_key),
            sort_key=_text_key(sort_key),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=removal == RemovalPolicy.RETAIN,
            removal_policy=removal,
            **options,
        )


def _warm(settings: Settings) -> dynamodb.WarmThroughput | None:
    """Return the writes a second that the orders table and its index take from the start.

    Charged once, when it is raised: https://aws.amazon.com/dynamodb/pricing/on-demand/
    """
    writes = settings.orders_warm_writes
    return dynamodb.WarmThroughput(write_units_per_second=writes) if writes else None


def keys_accepted(bucket: s3.Bucket) -> dict[str, str]:
    """Return cdk-nag's findings about grants on all keys under a prefix, each with the reason to accept it."""
    logical_id = Stack.of(bucket).get_logical_id(bucket.node.default_child)  # type: ignore[arg-type]  # A CfnBucket.
    reason = "The keys under one prefix of our own bucket."
    prefixes = (RAW, PROCESSED, FAILED, ARCHIVE, WORK)
    return {f"AwsSolutions-IAM5[Resource::<{logical_id}.Arn>/{prefix}*]": reason for prefix in prefixes}


def _text_key(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)


def _add_index(table: dynamodb.Table, name: str, partition_key: str, sort_key: str, **options: Any) -> None:
    table.add_global_secondary_index(
        index_name=name,
        partition_key=_text_key(partition_key),
        sort_key=_text_key(sort_key),
        projection_type=dynamodb.ProjectionType.ALL,
        **options,
    )


def _lifecycle(settings: Settings) -> list[s3.LifecycleRule]:
    """Return one rule for each prefix, and one for unfinished uploads elsewhere.

    Current objects in raw-data/ never expire: they are files that are not settled yet.
    """
    common: dict[str, Any] = {
        "noncurrent_version_expiration": Duration.days(settings.noncurrent_retention_days),
        "abort_incomplete_multipart_upload_after": Duration.days(7),
    }
    to_cold = s3.Transition(
        storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
        transition_after=Duration.days(settings.archive_cold_after_days),
    )
    return [
        s3.LifecycleRule(id="raw-data", prefix=RAW, expired_object_delete_marker=True, **common),
        s3.LifecycleRule(
            id="processed-data", prefix=PROCESSED, expiration=Duration.days(settings.processed_retention_days), **common
        ),
        s3.LifecycleRule(
            id="failed-data", prefix=FAILED, expiration=Duration.days(settings.failed_retention_days), **common
        ),
        s3.LifecycleRule(
            id="archive",
            prefix=ARCHIVE,
            transitions=[to_cold],
            expiration=Duration.days(settings.archive_retention_days),
            **common,
        ),
        # Working objects of a file in ranges, kept for as long as a dead letter could resume it.
        s3.LifecycleRule(
            id="work-data",
            prefix=WORK,
            expiration=Duration.days(WORK_DAYS),
            noncurrent_version_expiration=Duration.days(1),
            abort_incomplete_multipart_upload_after=Duration.days(1),
        ),
        # Parts of unfinished uploads outside the five prefixes would be billed for ever.
        s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(7)),
    ]
