"""The console's HTTP API: its address, access log and throttling.

It is built before the function that it leads to, as bucket, user pool and functions all name its address.
"""

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.resources.python_function import log_group
from cdk.settings import Settings

# Requests a second and at once, for all callers together. A page with its files makes about ten, and a page that
# refreshes itself asks every few seconds. Beyond the limit API Gateway answers 429 and calls no function.
RATE, BURST = 50, 200

# No query string, which may hold a customer's name, and no field into which a caller could write quotes.
TEXTS = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "integration_ms": "$context.integrationLatency",  # "-" where no function was called.
    "integration_error": "$context.integrationErrorMessage",
}
NUMBERS = {"status": "$context.status", "bytes": "$context.responseLength", "latency_ms": "$context.responseLatency"}


class Gateway(Construct):
    """The HTTP API, without a route until `route_to` is called."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        name = f"waybill-{settings.environment}-console"
        self.api = apigatewayv2.HttpApi(
            self,
            "Api",
            api_name=name,
            description="The console for operators, and its JSON API.",
            create_default_stage=False,
        )
        # Log groups under this prefix share one resource policy; others each lengthen the account's, which is limited.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html
        self.access_log = log_group(self, "AccessLog", settings=settings, name=f"/aws/vendedlogs/apis/{name}")
        stage = apigatewayv2.CfnStage  # CDK's HttpStage takes no access log from Python.
        stage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=stage.RouteSettingsProperty(
                throttling_rate_limit=RATE, throttling_burst_limit=BURST
            ),
            access_log_settings=stage.AccessLogSettingsProperty(
                destination_arn=self.access_log.log_group_arn, format=_access_log_line()
            ),
        )
        # The API's own attribute, not a URL built from id and region: right in every partition and in the emulator.
        self.url = settings.console_url or self.api.api_endpoint

    def route_to(self, function: lambda_.IFunction) -> None:
        """Send every request to the function, sign-in included."""
        route = apigatewayv2.HttpRoute(
            self,
            "Everything",
            http_api=self.api,
            route_key=apigatewayv2.HttpRouteKey.DEFAULT,
            integration=integrations.HttpLambdaIntegration("Console", function),
        )
        own_sign_in = (
            "A browser's session is a cookie, which no authoriser of an HTTP API reads: the application signs people "
            "in, and others get only the sign-in, the health check and static files."
        )
        Validations.of(route).acknowledge(Acknowledgment(id="AwsSolutions-APIG4", reason=own_sign_in))


def _access_log_line() -> str:
    """Return the format of an access log line; with the variables filled in it is JSON."""
    texts = [f'"{name}":"{variable}"' for name, variable in TEXTS.items()]
    numbers = [f'"{name}":{variable}' for name, variable in NUMBERS.items()]
    return "{" + ",".join(texts + numbers) + "}"
