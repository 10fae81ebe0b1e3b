"""The stack: builds the constructs, connects them, lists the outputs."""

from typing import Any

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.monitoring.alarms import Alarms
from cdk.monitoring.alerts import Alerts
from cdk.monitoring.dashboard import Dashboard
from cdk.monitoring.metrics import Metrics
from cdk.monitoring.queries import Queries
from cdk.monitoring.tracing import Tracing
from cdk.names import dashboard_url
from cdk.resources.audit_schedule import AuditSchedule
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
        self._settings = settings
        self.gateway = Gateway(self, "Gateway", settings=settings)
        self.storage = Storage(self, "Storage", settings=settings, console_origin=self.gateway.url)
        self.ingest = Ingest(self, "Ingest", settings=settings, bucket=self.storage.bucket)
        self.alerts = Alerts(self, "Monitoring", settings=settings)
        shared: dict[str, Any] = {
            "settings": settings,
            "storage": self.storage,
            "queue": self.ingest.queue,
            "alerts": self.alerts.topic,
            "console_url": self.gateway.url,
        }
        self.processor = Processor(self, "Processor", **shared)
        self.large_files = LargeFiles(self, "LargeFiles", log_group=self.processor.log_group, **shared)
        self.sign_in = SignIn(self, "SignIn", settings=settings, console_url=self.gateway.url)
        parts = Parts(
            storage=self.storage,
            ingest=self.ingest,
            processor=self.processor,
            sign_in=self.sign_in,
            gateway=self.gateway,
            alerts=self.alerts.topic,
        )
        self.console = Console(self, "Console", settings=settings, parts=parts)
        AuditSchedule(self, "AuditSchedule", settings=settings, worker=self.console.worker)
        self._add_alarms_and_dashboard()
        self._add_queries_and_tracing()
        for name, value in self._list_outputs().items():
            CfnOutput(self, name, value=value)

    def _add_alarms_and_dashboard(self) -> None:
        metrics = Metrics(
            environment=self._settings.environment,
            function=self.processor.function,
            console=self.console.web.function,
            worker=self.console.worker.function,
            ranges=self.large_files.function,
            machine=self.large_files.machine,
            api=self.gateway.api,
            queue=self.ingest.queue,
            dead_letters=self.ingest.dead_letters,
            failed_actions=self.console.failed_actions,
        )
        shared: dict[str, Any] = {"settings": self._settings, "metrics": metrics, "storage": self.storage}
        alarms = Alarms(self, "Alarms", alerts=self.alerts.topic, **shared)
        if self._settings.monitoring == "full":
            Dashboard(self, "Dashboard", alarms=alarms, log_group=self.processor.log_group, **shared)

    def _add_queries_and_tracing(self) -> None:
        Queries(
            self,
            "Queries",
            settings=self._settings,
            log_group=self.processor.log_group,
            console_log=self.console.web.log_group,
            access_log=self.gateway.access_log,
        )
        functions = {
            "": self.processor.function,
            "-web": self.console.web.function,
            "-job": self.console.worker.function,
            "-map": self.large_files.function,
        }
        Tracing(self, "Tracing", settings=self._settings, functions=functions)

    def _list_outputs(self) -> dict[str, str]:
        """Return the outputs by name; scripts, the console and `make run` find everything by them."""
        return {
            "BucketName": self.storage.bucket.bucket_name,
            "OrdersTableName": self.storage.orders.table_name,
            "FilesTableName": self.storage.files.table_name,
            "QueueUrl": self.ingest.queue.queue_url,
            "DeadLetterQueueUrl": self.ingest.dead_letters.queue_url,
            "AlertsTopicArn": self.alerts.topic.topic_arn,
            "DashboardUrl": dashboard_url(self._settings),
            "ProcessorFunctionName": self.processor.function.function_name,
            "LargeFilesArn": self.large_files.machine.state_machine_arn,
            "ConsoleUrl": self.gateway.url,
            "ConsoleFunctionName": self.console.web.function.function_name,
            "WorkerFunctionName": self.console.worker.function.function_name,
            "UserPoolId": self.sign_in.pool.user_pool_id,
            "ScriptsClientId": self.sign_in.scripts.user_pool_client_id,
        }
