"""The whole system in one stack: construct, connect, output."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.functions import Processor
from cdk.ingest import Ingest
from cdk.monitoring import Monitoring
from cdk.settings import Settings
from cdk.storage import Storage


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

        outputs = {
            "BucketName": storage.bucket.bucket_name,
            "OrdersTableName": storage.orders.table_name,
            "FilesTableName": storage.files.table_name,
            "QueueUrl": ingest.queue.queue_url,
            "DeadLetterQueueUrl": ingest.dead_letters.queue_url,
            "AlertsTopicArn": monitoring.alerts.topic_arn,
            "ProcessorFunctionName": processor.function.function_name,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
