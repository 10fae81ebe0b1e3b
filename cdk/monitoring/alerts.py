"""The alerts topic, to which the processor and the incident alarm publish for people."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk.names import alarm_arn
from cdk.settings import Settings


class Alerts(Construct):
    """The topic, with the setting `alert_email` subscribed where it is given."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        # Not encrypted with the account's SNS key, to which alarms cannot publish. Messages hold only names, counts and
        # links.
        self.topic = sns.Topic(self, "Alerts", display_name=f"Waybill {settings.environment}", enforce_ssl=True)
        if settings.alert_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(settings.alert_email))
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                # A topic's own policy replaces the default, which lets the whole account publish. Functions publish by
                # their roles; an alarm has none.
                sid="AlarmsMayPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": alarm_arn(self, f"waybill-{settings.environment}-*")},
                },
            )
        )
