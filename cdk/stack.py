"""The stack: builds the constructs, connects them, lists the outputs."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.monitoring.alarms import Alarms
from cdk.monitoring.alerts import Alerts
from cdk.monitoring.dashboard import Dashboard
from cdk.monitoring.metrics import Metrics
from cdk.monitoring.queries import Queries
from cdk.monitoring.tracing import Tracing
from cdk.names import dashboard_url
from cdk.resources.console import Console, Parts
from cdk.resources.gateway import Gateway
from cdk.resources.ingest import Ingest
from cdk.resources.large_files import LargeFiles
from cdk.resources.processor import Processor
from cdk.resources.sign_in import SignIn
from cdk.resources.storage import Storage
from cdk.settings import Settings


class WaybillStack(Stack):
    """One environment, for any account and region."""

    def __init__(self, scope: Construct, *, settings: Settings) -> None:
        super().__init__(scope, f"Waybill-{settings.environment}", description="Waybill: order files in, orders out.")

        gateway = Gateway(self, "Gateway", settings=settings)
        storage = Storage(self, "Storage", settings=settings, console_origin=gateway.url)
        ingest = Ingest(self, "Ingest", settings=settings, bucket=storage.bucket)
        alerts = Alerts(self, "Monitoring", settings=settings)
        processor = Processor(
            self,
            "Processor",
            settings=settings,
            storage=storage,
            queue=ingest.queue,
            alerts=alerts.topic,
            console_url=gateway.url,
        )
        large_files = LargeFiles(
            self,
            "LargeFiles",
            settings=settings,
            storage=storage,
            queue=ingest.queue,
            alerts=alerts.topic,
            console_url=gateway.url,
            log_group=processor.log_group,
        )
        sign_in = SignIn(self, "SignIn", settings=settings, console_url=gateway.url)
        parts = Parts(storage=storage, ingest=ingest, processor=processor, sign_in=sign_in, gateway=gateway)
        console = Console(self, "Console", settings=settings, parts=parts)
        metrics = Metrics(
            environment=settings.environment,
            function=processor.function,
            console=console.web.function,
            worker=console.worker.function,
            api=gateway.api,
            queue=ingest.queue,
            dead_letters=ingest.dead_letters,
        )
        alarms = Alarms(self, "Alarms", settings=settings, metrics=metrics, storage=storage, alerts=alerts.topic)
        Dashboard(
            self,
            "Dashboard",
            settings=settings,
            metrics=metrics,
            storage=storage,
            alarms=alarms,
            log_group=processor.log_group,
        )
        Queries(
            self,
            "Queries",
            settings=settings,
            log_group=processor.log_group,
            console_log=console.web.log_group,
            access_log=gateway.access_log,
        )
        traced = {
            "": processor.function,
            "-web": console.web.function,
            "-job": console.worker.function,
            "-map": large_files.function,
        }
        Tracing(self, "Tracing", settings=settings, functions=traced)

        outputs = {
            "BucketName": storage.bucket.bucket_name,
            "OrdersTableName": storage.orders.table_name,
            "FilesTableName": storage.files.table_name,
            "QueueUrl": ingest.queue.queue_url,
            "DeadLetterQueueUrl": ingest.dead_letters.queue_url,
            "AlertsTopicArn": alerts.topic.topic_arn,
            "DashboardUrl": dashboard_url(settings),
            "ProcessorFunctionName": processor.function.function_name,
            "LargeFilesArn": large_files.machine.state_machine_arn,
            "ConsoleUrl": gateway.url,
            "ConsoleFunctionName": console.web.function.function_name,
            "WorkerFunctionName": console.worker.function.function_name,
            "UserPoolId": sign_in.pool.user_pool_id,
            "ScriptsClientId": sign_in.scripts.user_pool_client_id,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
