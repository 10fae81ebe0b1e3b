"""The way from an arrived object to the processor."""

import json

import pytest

from tests.infra.stacks import named, only, resources

DAY = 86400


@pytest.mark.parametrize("timeout_s", [10, 300, 900])
def test_a_message_stays_hidden_for_six_timeouts(timeout_s: int) -> None:
    """AWS recommends it, as a message could return during its run."""
    queue = named("AWS::SQS::Queue", "IngestQueue", timeout_s=timeout_s)

    assert queue["VisibilityTimeout"] >= 6 * named("AWS::Lambda::Function", "Processor", timeout_s=timeout_s)["Timeout"]


def test_the_third_receive_is_the_last() -> None:
    """The queue hands a message over three times and then to the dead-letter queue."""
    redrive = named("AWS::SQS::Queue", "IngestQueue")["RedrivePolicy"]

    assert redrive["maxReceiveCount"] == 3
    assert "IngestDeadLetters" in json.dumps(redrive["deadLetterTargetArn"])


def test_dead_letters_stay_14_days_and_longer_than_messages() -> None:
    """A dead letter keeps the age of its first send."""
    kept = named("AWS::SQS::Queue", "DeadLetters")["MessageRetentionPeriod"]

    assert kept == 14 * DAY
    assert kept > named("AWS::SQS::Queue", "IngestQueue")["MessageRetentionPeriod"]


def test_only_the_ingest_queue_may_use_the_dead_letter_queue() -> None:
    """Dead letters of another queue would be read as files."""
    allowed = named("AWS::SQS::Queue", "DeadLetters")["RedriveAllowPolicy"]

    assert allowed["redrivePermission"] == "byQueue"
    assert ":waybill-dev-ingest" in json.dumps(allowed["sourceQueueArns"])
    assert named("AWS::SQS::Queue", "IngestQueue")["QueueName"] == "waybill-dev-ingest"


def test_queues_are_encrypted_and_refuse_unencrypted_connections() -> None:
    """Both queues, at rest and on the way."""
    queues = resources("AWS::SQS::Queue")
    policies = resources("AWS::SQS::QueuePolicy")

    denied = [
        statement["Resource"]["Fn::GetAtt"][0]
        for policy in policies.values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]

    assert {queue["Properties"]["SqsManagedSseEnabled"] for queue in queues.values()} == {True}
    assert sorted(denied) == sorted(queues)


def test_only_our_own_bucket_may_send_to_the_queue() -> None:
    """The grant names the bucket and the account: a bucket's ARN alone holds no account."""
    statements = named("AWS::SQS::QueuePolicy", "IngestQueue")["PolicyDocument"]["Statement"]

    (allowed,) = [statement for statement in statements if statement["Effect"] == "Allow"]

    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert ":s3:::waybill-dev-" in json.dumps(allowed["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_every_object_in_the_inbox_is_announced() -> None:
    """Whatever its name: a file of the wrong kind has to fail where a person sees it."""
    (announcement,) = only("AWS::S3::Bucket")["NotificationConfiguration"]["QueueConfigurations"]

    assert announcement["Event"] == "s3:ObjectCreated:*"
    assert announcement["Filter"]["S3Key"]["Rules"] == [{"Name": "prefix", "Value": "raw-data/"}]


def test_the_bucket_waits_for_the_queue_policy() -> None:
    """S3 refuses a notification to a queue that does not yet let it send."""
    (bucket,) = resources("AWS::S3::Bucket").values()
    (policy,) = [name for name in resources("AWS::SQS::QueuePolicy") if "IngestQueue" in name]

    assert policy in bucket["DependsOn"]


def test_one_bad_message_does_not_return_its_batch() -> None:
    """The function reports which messages failed, at a bounded concurrency."""
    mapping = only("AWS::Lambda::EventSourceMapping", max_concurrency="7", batch_size="5")

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 7}
    assert mapping["BatchSize"] == 5
