"""The console's HTTP API."""

import json

import pytest

from tests.infra.stacks import as_text, named, only, resources, template


def test_every_request_goes_to_the_console() -> None:
    """One route, which the function may be invoked by."""
    route = only("AWS::ApiGatewayV2::Route")
    (integration,) = resources("AWS::ApiGatewayV2::Integration")
    (function,) = [name for name in resources("AWS::Lambda::Function") if "ConsoleWeb" in name]

    assert route["RouteKey"] == "$default"
    assert as_text(route["Target"]) == f"integrations/${{{integration}}}"
    assert only("AWS::ApiGatewayV2::Integration")["IntegrationUri"] == {"Fn::GetAtt": [function, "Arn"]}
    assert only("AWS::Lambda::Permission")["FunctionName"] == {"Fn::GetAtt": [function, "Arn"]}


def test_requests_are_throttled() -> None:
    """A caller in a loop costs neither money nor the processor's concurrency."""
    limits = only("AWS::ApiGatewayV2::Stage")["DefaultRouteSettings"]

    assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"] <= 500


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
