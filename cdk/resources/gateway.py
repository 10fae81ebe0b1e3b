"""The console's HTTP API: its address, access log and throttling.

It is built before the function that it leads to, as bucket, user pool and functions all name its address.
"""

import re
from collections.abc import Mapping

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.resources.python_function import log_group
from cdk.settings import Settings

# Requests a second, and at once. Beyond them API Gateway answers 429 and calls no function. A limit counts all callers
# of a route together, and each route counts alone: whoever floods one shuts the others to nobody.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type Limit = tuple[float, int]
# Pages. One that refreshes itself asks every few seconds.
PAGES: Limit = (10, 60)
# What anybody may call, and what reads much for one request.
ROUTES: Mapping[str, Limit] = {
    "ANY /auth/{proxy+}": (5, 20),
    "ANY /healthz": (2, 10),
    "ANY /static/{proxy+}": (10, 100),  # Ten files a page at first, then a browser has them.
    "ANY /search": (2, 10),
    "ANY /files/export.csv": (1, 5),
    "ANY /orders/export.csv": (1, 5),
    "ANY /api/{proxy+}": (5, 30),
}

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
            disable_execute_api_endpoint=settings.console_default_endpoint == "disabled",
        )
        # Log groups under this prefix share one resource policy; others each lengthen the account's, which is limited.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-CloudWatchLogs.html
        self.access_log = log_group(self, "AccessLog", settings=settings, name=f"/aws/vendedlogs/apis/{name}")
        stage = apigatewayv2.CfnStage  # CDK's HttpStage takes no access log from Python.
        rate, burst = PAGES
        self._stage = stage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=stage.RouteSettingsProperty(
                throttling_rate_limit=rate, throttling_burst_limit=burst
            ),
            route_settings={
                key: {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
                for key, (rate, burst) in ROUTES.items()
            },
            access_log_settings=stage.AccessLogSettingsProperty(
                destination_arn=self.access_log.log_group_arn, format=_access_log_line()
            ),
        )
        # The API's own attribute, not a URL built from id and region: right on AWS and in the emulator.
        self.url = settings.console_url or self.api.api_endpoint

    def route_to(self, function: lambda_.IFunction) -> None:
        """Send every request to the function, sign-in included."""
        everything = apigatewayv2.HttpRoute(
            self,
            "Everything",
            http_api=self.api,
            route_key=apigatewayv2.HttpRouteKey.DEFAULT,
            integration=integrations.HttpLambdaIntegration("Console", function),
        )
        default = everything.node.default_child
        if not isinstance(default, apigatewayv2.CfnRoute):
            raise TypeError("the route of this stack is its own, with a resource behind it")
        routes: list[Construct] = [everything]
        for key in ROUTES:
            # To the same integration; the permission of the route for everything covers these, too.
            route = apigatewayv2.CfnRoute(
                self,
                "Route" + re.sub(r"\W", "", key.title()),
                api_id=self.api.api_id,
                route_key=key,
                target=default.target,
                authorization_type="NONE",
            )
            self._stage.node.add_dependency(route)  # API Gateway refuses limits of routes that do not exist.
            routes.append(route)
        own_sign_in = (
            "A browser's session is a cookie, which no authoriser of an HTTP API reads: the application signs people "
            "in, and others get only the sign-in, the health check and static files."
        )
        for open_route in routes:
            Validations.of(open_route).acknowledge(Acknowledgment(id="AwsSolutions-APIG4", reason=own_sign_in))


def _access_log_line() -> str:
    """Return the format of an access log line; with the variables filled in it is JSON."""
    texts = [f'"{name}":"{variable}"' for name, variable in TEXTS.items()]
    numbers = [f'"{name}":{variable}' for name, variable in NUMBERS.items()]
    return "{" + ",".join(texts + numbers) + "}"
