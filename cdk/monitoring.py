"""Where the system tells people something: so far the topic behind "a person is needed"."""

from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

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
