"""The whole system in one stack: construct, connect, output."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.alarms import Alarms, dashboard_url
from cdk.dashboard import Dashboard
from cdk.functions import Processor
from cdk.ingest import Ingest
from cdk.metrics import Metrics
from cdk.monitoring import Monitoring
from cdk.queries import Queries
from cdk.settings import Settings
from cdk.storage import Storage
from cdk.tracing import Tracing


class WaybillStack(Stack):
    """One environment of the pipeline, for any account and region."""

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(scope, f"Waybill-{settings.environment}", description="Waybill: order files in, orders out.")

        storage = Storage(self, "Storage", settings=settings)
        ingest = Ingest(self, "Ingest", settings=settings, bucket=storage.bucket)
        monitoring = Monitoring(self, "Monitoring", settings=settings)
        processor = Processor(
            self,
            "Processor",
            settings=settings,
            storage=storage,
            queue=ingest.queue,
            alerts=monitoring.alerts,
        )
        metrics = Metrics(
            environment=settings.environment,
            function=processor.function,
            queue=ingest.queue,
            dead_letters=ingest.dead_letters,
        )
        alarms = Alarms(self, "Alarms", settings=settings, metrics=metrics, storage=storage, alerts=monitoring.alerts)
        Dashboard(
            self,
            "Dashboard",
            settings=settings,
            metrics=metrics,
            storage=storage,
            alarms=alarms,
            log_group=processor.log_group,
        )
        Queries(self, "Queries", settings=settings, log_group=processor.log_group)
        Tracing(self, "Tracing", settings=settings, function=processor.function)

        outputs = {
            "BucketName": storage.bucket.bucket_name,
            "OrdersTableName": storage.orders.table_name,
            "FilesTableName": storage.files.table_name,
            "QueueUrl": ingest.queue.queue_url,
            "DeadLetterQueueUrl": ingest.dead_letters.queue_url,
            "AlertsTopicArn": monitoring.alerts.topic_arn,
            "DashboardUrl": dashboard_url(settings),
            "ProcessorFunctionName": processor.function.function_name,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
