"""The console's door: the HTTP API that has its address, with access log and throttling.

It is made before what it leads to, since bucket, user pool and functions all name the address.
"""

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.resources.python_function import log_group
from cdk.settings import Settings

# Requests a second, and at once, for everybody together: a page with its files is about ten, and a live one asks again
# every few seconds. What is above is answered 429 and reaches no function.
RATE, BURST = 50, 200

# No query string, which may hold a customer's name, and nothing that a caller could write quotes into.
TEXTS = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "integration_ms": "$context.integrationLatency",  # A "-" where nothing was asked.
    "integration_error": "$context.integrationErrorMessage",
}
NUMBERS = {"status": "$context.status", "bytes": "$context.responseLength", "latency_ms": "$context.responseLatency"}


class Gateway(Construct):
    """The HTTP API, so far without a route."""

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
        # Under this prefix log groups share one policy; others are added to a policy of the account with a size limit.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html
        self.access_log = log_group(self, "AccessLog", settings=settings, name=f"/aws/vendedlogs/apis/{name}")
        stage = apigatewayv2.CfnStage  # CDK's own stage takes no access log from Python.
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
        # A deployed address, not a URL built from id and region: it is right in every partition and in the emulator.
        self.url = settings.console_url or self.api.api_endpoint

    def lead_to(self, function: lambda_.IFunction) -> None:
        """Send every request to the function, which answers for signing in, too."""
        route = apigatewayv2.HttpRoute(
            self,
            "Everything",
            http_api=self.api,
            route_key=apigatewayv2.HttpRouteKey.DEFAULT,
            integration=integrations.HttpLambdaIntegration("Console", function),
        )
        own_sign_in = (
            "A browser's session is a cookie, which no authoriser of an HTTP API reads: the application signs people "
            "in, and answers nobody else but with the sign-in, the health check and static files."
        )
        Validations.of(route).acknowledge(Acknowledgment(id="AwsSolutions-APIG4", reason=own_sign_in))


def _access_log_line() -> str:
    """Write the line that API Gateway fills in: JSON once it is."""
    texts = [f'"{name}":"{variable}"' for name, variable in TEXTS.items()]
    numbers = [f'"{name}":{variable}' for name, variable in NUMBERS.items()]
    return "{" + ",".join(texts + numbers) + "}"
