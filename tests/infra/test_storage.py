"""The bucket and the tables."""

from typing import Any

import pytest

from cdk.settings import Settings
from processor.domain.actions import ActionEntry
from processor.domain.entries import FileEntry, RunEntry
from tests.infra.stacks import as_text, named, only, resources

API = "the console's API"
PREFIXES = ("raw-data/", "processed-data/", "failed-data/", "archive/")


def lifecycle(**context: object) -> dict[str, dict[str, Any]]:
    """Return the enabled lifecycle rules by prefix."""
    rules = only("AWS::S3::Bucket", **context)["LifecycleConfiguration"]["Rules"]
    return {rule.get("Prefix", ""): rule for rule in rules if rule["Status"] == "Enabled"}


def test_bucket_is_private_versioned_and_encrypted() -> None:
    """It blocks public access, keeps versions and encrypts."""
    bucket = only("AWS::S3::Bucket")

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]


def test_bucket_refuses_unencrypted_connections() -> None:
    """Every request without TLS is denied."""
    statements = only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]

    plain = [one for one in statements if one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}]

    assert [(one["Effect"], one["Action"], one["Principal"]) for one in plain] == [("Deny", "s3:*", {"AWS": "*"})]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_is_tidied(prefix: str) -> None:
    """Old versions and unfinished uploads expire on every prefix."""
    rule = lifecycle()[prefix]

    assert rule["AbortIncompleteMultipartUpload"]
    assert rule["NoncurrentVersionExpiration"]


def test_unsettled_files_never_expire() -> None:
    """A file waits in the inbox for as long as nobody settles it."""
    for prefix in ("raw-data/", ""):
        rule = lifecycle()[prefix]

        assert not {"ExpirationInDays", "ExpirationDate", "Transitions"} & rule.keys()


def test_an_overwritten_unsettled_file_outlives_its_message() -> None:
    """Its version stays for longer than the dead-letter queue keeps the message that names it."""
    kept = lifecycle()["raw-data/"]["NoncurrentVersionExpiration"]["NoncurrentDays"]

    assert kept * 86400 > named("AWS::SQS::Queue", "DeadLetters")["MessageRetentionPeriod"]


def test_archive_turns_cold_then_expires() -> None:
    """Originals move to a colder storage class and finally expire."""
    rule = lifecycle(archive_cold_after_days=10, archive_retention_days=100)["archive/"]

    assert rule["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 10}]
    assert rule["ExpirationInDays"] == 100


@pytest.mark.parametrize(
    ("context", "origins"),
    [
        ({}, [API]),
        ({"console_origins": "https://shop.example.com"}, [API, "https://shop.example.com"]),
        ({"console_url": "https://orders.example.com"}, ["https://orders.example.com"]),
    ],
)
def test_browsers_may_upload_from_the_console_only(context: dict[str, object], origins: list[str]) -> None:
    """CORS names the console's own origin, under whatever address, and what the context adds."""
    (rule,) = only("AWS::S3::Bucket", **context)["CorsConfiguration"]["CorsRules"]

    (api,) = resources("AWS::ApiGatewayV2::Api")
    allowed = [as_text(origin).replace(f"${{{api}.ApiEndpoint}}", API) for origin in rule["AllowedOrigins"]]
    assert allowed == origins
    assert {"GET", "POST"} == set(rule["AllowedMethods"])


@pytest.mark.parametrize(
    ("table", "keys"), [("Orders", ["order_id", "processed_timestamp"]), ("Files", ["file_id", "entry"])]
)
def test_tables_are_keyed_on_demand_encrypted_and_restorable(table: str, keys: list[str]) -> None:
    """Both tables have the keys of the design, point-in-time recovery and encryption."""
    properties = named("AWS::DynamoDB::Table", table)

    assert [key["AttributeName"] for key in properties["KeySchema"]] == keys
    assert [key["KeyType"] for key in properties["KeySchema"]] == ["HASH", "RANGE"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"]["SSEEnabled"] is True


@pytest.mark.parametrize("indexes", [[], ["by_customer"]])
def test_order_indexes_follow_the_context(indexes: list[str]) -> None:
    """Each index costs as much as the table, so an adopter may do without."""
    made = named("AWS::DynamoDB::Table", "Orders", order_indexes=indexes).get("GlobalSecondaryIndexes", [])

    assert [index["IndexName"] for index in made] == indexes
    assert all(index["Projection"] == {"ProjectionType": "ALL"} for index in made)


def test_files_are_found_by_state_or_all_together_newest_first() -> None:
    """The ledger's indexes are what the console's lists read."""
    indexes = named("AWS::DynamoDB::Table", "Files")["GlobalSecondaryIndexes"]

    assert {index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]] for index in indexes} == {
        "by_state": ["state", "received_at"],
        "by_kind": ["kind", "received_at"],
    }


def test_only_ended_sessions_expire() -> None:
    """DynamoDB deletes items by the attribute that no entry of the ledger has, and nothing of the orders."""
    ledger, orders = (named("AWS::DynamoDB::Table", name) for name in ("Files", "Orders"))

    assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert "TimeToLiveSpecification" not in orders
    entries = (FileEntry, RunEntry, ActionEntry)
    assert not any("expires_at" in {*getattr(entry, "_fields", ()), *entry.__annotations__} for entry in entries)


@pytest.mark.parametrize(
    ("policy", "deletion", "of_bucket"), [("destroy", "Delete", "Delete"), ("retain", "Retain", "RetainExceptOnCreate")]
)
def test_data_outlives_the_stack_where_it_should(policy: str, deletion: str, of_bucket: str) -> None:
    """The removal policy reaches the bucket and both tables, and protects kept tables from deletion by hand.

    A first deployment that fails leaves no bucket, whose fixed name would refuse the next one.
    """
    tables = resources("AWS::DynamoDB::Table", removal_policy=policy).values()
    buckets = resources("AWS::S3::Bucket", removal_policy=policy).values()

    assert {kept["DeletionPolicy"] for kept in tables} == {deletion}
    assert {kept["DeletionPolicy"] for kept in buckets} == {of_bucket}
    assert {kept["Properties"]["DeletionProtectionEnabled"] for kept in tables} == {deletion == "Retain"}


def test_nothing_deployed_may_delete_the_bucket_by_itself() -> None:
    """No custom resource, and so none of CDK's helper functions with wide grants."""
    assert not [kind for kind in ("Custom::S3AutoDeleteObjects", "Custom::S3BucketNotifications") if resources(kind)]
    assert len(resources("AWS::Lambda::Function")) == 4


def test_the_longest_environment_name_fits_a_bucket_name() -> None:
    """S3 allows 63 characters; account and the longest region take 27 with their dashes."""
    longest = Settings.parse({"environment": "e" * 20}).environment

    assert len(f"waybill-{longest}-123456789012-ap-southeast-2") <= 63
