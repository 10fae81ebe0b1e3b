"""The console's HTTP API."""

import importlib
import json

import pytest

from admin_api.app import PAGES
from tests.infra.stacks import as_text, named, only, resources, template


def route_keys() -> list[str]:
    """Return the keys of the API's routes."""
    return [route["Properties"]["RouteKey"] for route in resources("AWS::ApiGatewayV2::Route").values()]


def route_of(path: str) -> str:
    """Return the key of the route that API Gateway takes: an exact path, else a greedy one, else the default.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """
    exact = [key for key in route_keys() if key == f"ANY {path}"]
    greedy = [key for key in route_keys() if "{proxy+}" in key and path.startswith(key[4:].removesuffix("{proxy+}"))]
    return [*exact, *greedy, "$default"][0]


def limits_of(path: str) -> tuple[float, int]:
    """Return the requests a second and at once that are let through to a path."""
    stage = only("AWS::ApiGatewayV2::Stage")
    limits = stage["RouteSettings"].get(route_of(path)) or stage["DefaultRouteSettings"]
    return limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]


def paths() -> set[str]:
    """Return the paths of the console's own routes, from all its modules."""
    modules = {module for names in PAGES.values() for module in names}
    routers = [importlib.import_module(f"admin_api.{module}").router for module in modules]
    return {route.path for router in routers for route in router.routes}


def test_every_request_goes_to_the_console() -> None:
    """All routes lead to one integration, by which the function may be invoked for any path."""
    (integration,) = resources("AWS::ApiGatewayV2::Integration")
    (function,) = [name for name in resources("AWS::Lambda::Function") if "ConsoleWeb" in name]
    targets = {as_text(one["Properties"]["Target"]) for one in resources("AWS::ApiGatewayV2::Route").values()}
    permission = named("AWS::Lambda::Permission", "Gateway")

    assert "$default" in route_keys()
    assert targets == {f"integrations/${{{integration}}}"}
    assert only("AWS::ApiGatewayV2::Integration")["IntegrationUri"] == {"Fn::GetAtt": [function, "Arn"]}
    assert permission["FunctionName"] == {"Fn::GetAtt": [function, "Arn"]}
    assert as_text(permission["SourceArn"]).endswith("/*/*")


def test_every_route_is_throttled() -> None:
    """A caller in a loop costs neither money nor the processor's concurrency."""
    stage = only("AWS::ApiGatewayV2::Stage")
    limits = [stage["DefaultRouteSettings"], *stage["RouteSettings"].values()]

    assert all(0 < one["ThrottlingRateLimit"] <= one["ThrottlingBurstLimit"] <= 100 for one in limits)
    assert sum(one["ThrottlingRateLimit"] for one in limits) <= 50


def test_limits_are_of_routes_that_exist_by_then() -> None:
    """API Gateway refuses a stage with limits of an unknown route."""
    (stage,) = resources("AWS::ApiGatewayV2::Stage").values()
    routes = {name: one["Properties"]["RouteKey"] for name, one in resources("AWS::ApiGatewayV2::Route").items()}

    assert {routes[name] for name in stage["DependsOn"]} >= stage["Properties"]["RouteSettings"].keys()
    assert stage["Properties"]["RouteSettings"].keys() == set(routes.values()) - {"$default"}


def test_what_costs_much_and_what_anybody_may_call_has_a_limit_of_its_own() -> None:
    """Exports, searches, sign-in and the health check are throttled more tightly than pages, and apart from them."""
    dear = {path for path in paths() if path.endswith(".csv") or path.startswith(("/auth/", "/search", "/healthz"))}

    assert len(dear) >= 8
    assert [path for path in dear if not limits_of(path) < limits_of("/")] == []


def test_no_flood_shuts_out_those_who_are_signed_in() -> None:
    """What needs no sign-in is counted apart from the pages."""
    assert "$default" not in {route_of(path) for path in ("/auth/sign-in", "/healthz", "/static/abc/app.css")}
    assert route_of("/") == route_of("/files/abc") == "$default"


@pytest.mark.parametrize(
    ("context", "disabled"),
    [
        ({}, False),
        ({"console_url": "https://orders.example.com"}, False),
        ({"console_url": "https://orders.example.com", "console_default_endpoint": "disabled"}, True),
    ],
)
def test_the_default_endpoint_closes_when_asked(context: dict[str, object], *, disabled: bool) -> None:
    """Nobody goes round a firewall in front of the console's own address."""
    assert only("AWS::ApiGatewayV2::Api", **context)["DisableExecuteApiEndpoint"] is disabled


def test_access_log_is_json_in_a_group_of_its_own() -> None:
    """With the variables filled in a line is JSON, with numbers as numbers."""
    settings = only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]
    (group,) = [name for name in resources("AWS::Logs::LogGroup") if "AccessLog" in name]
    filled = {"$context.status": "502", "$context.responseLength": "12", "$context.responseLatency": "7"}
    line = settings["Format"]
    for variable, value in filled.items():
        line = line.replace(variable, value)

    read = json.loads(line)

    assert settings["DestinationArn"] == {"Fn::GetAtt": [group, "Arn"]}
    assert (read["status"], read["bytes"], read["latency_ms"]) == (502, 12, 7)
    assert read["request_id"] == "$context.requestId"


def test_access_log_holds_nothing_personal() -> None:
    """The query string, which may name a customer, is left out."""
    line = only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]

    assert "queryString" not in line
    assert "$context.requestOverride" not in line


@pytest.mark.parametrize("url", ["", "https://orders.example.com"])
def test_one_address_is_told_everywhere(url: str) -> None:
    """The output, the functions and the sign-in pages name the same address."""
    (api,) = resources("AWS::ApiGatewayV2::Api")
    expected = url or f"${{{api}.ApiEndpoint}}"
    (output,) = template(console_url=url).find_outputs("ConsoleUrl").values()
    client = named("AWS::Cognito::UserPoolClient", "Browser", console_url=url)
    variables = named("AWS::Lambda::Function", "ConsoleWeb", console_url=url)["Environment"]["Variables"]

    assert as_text(output["Value"]) == expected
    assert as_text(variables["CONSOLE_URL"]) == expected
    assert list(map(as_text, client["CallbackURLs"])) == [f"{expected}/auth/callback"]
    assert list(map(as_text, client["LogoutURLs"])) == [f"{expected}/auth/signed-out"]
