"""What the alerts topic publishes, read by a queue that is subscribed to it for the verification.

A mail cannot be read from here; a queue gets the same text at the same moment.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from cdk.commands.verify.checklist import Checklist, wait_for
from cdk.commands.verify.deployment import Deployment

# A new queue's policy may take up to a minute to hold everywhere; what is published before is delivered later.
ALERT_S = 180


@dataclass
class Alerts:
    """The messages that have come so far."""

    deployment: Deployment
    url: str = ""
    _messages: list[dict[str, Any]] = field(default_factory=list)

    def subscribe(self, checks: Checklist) -> None:
        """Make the queue and subscribe it; both go at the end."""
        topic, sqs, sns = self.deployment.outputs["AlertsTopicArn"], *map(self.deployment.client, ("sqs", "sns"))
        name = f"waybill-{self.deployment.mark}"
        url = str(sqs.create_queue(QueueName=name, Attributes={"MessageRetentionPeriod": "3600"})["QueueUrl"])
        checks.remove_later(f"The queue {name}", lambda: sqs.delete_queue(QueueUrl=url))
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
        checks.remove_later(
            f"The subscription of {name} to {topic}",
            lambda: sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"]),
        )
        self.url = url

    def wait_for_text(self, text: str, otherwise: str) -> str:
        """Return the subject of the message that holds this text; raise CheckError if none comes."""

        def find() -> dict[str, Any] | None:
            self._receive()
            return next((one for one in self._messages if text in one["Message"]), None)

        found = wait_for(find, ALERT_S, lambda: f"nothing about it was published to the topic. {otherwise}")
        return str(found.get("Subject") or "")

    def _receive(self) -> None:
        sqs = self.deployment.client("sqs")
        answer = sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            self._messages.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
