"""Where the system tells people something: the topic behind "a person is needed" and behind the alarms."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk.names import alarm_arn
from cdk.settings import Settings


class Monitoring(Construct):
    """The alerts topic, with the operator's e-mail address subscribed where the context names one."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        # Not encrypted with the account's own SNS key: CloudWatch alarms cannot publish to such a topic, and no
        # message holds more than names, counts and links.
        self.alerts = sns.Topic(self, "Alerts", display_name=f"Waybill {settings.environment}", enforce_ssl=True)
        if settings.alert_email:
            self.alerts.add_subscription(subscriptions.EmailSubscription(settings.alert_email))
        self.alerts.add_to_resource_policy(
            iam.PolicyStatement(
                # A topic's own policy replaces the default one, which lets the whole account publish. The function is
                # granted it by its role; an alarm has none.
                sid="AlarmsMayPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.alerts.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": alarm_arn(self, f"waybill-{settings.environment}-*")},
                },
            )
        )
