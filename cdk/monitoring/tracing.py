"""X-Ray's sampling rules: the share of runs and of console requests that is recorded.

By default X-Ray records the first request of each second and 5 % of the others, so most runs would have a trace id and
no trace. Lambda asks X-Ray for the decision where a request brings none
(https://docs.aws.amazon.com/lambda/latest/api/API_TracingConfig.html), and X-Ray decides by its rules. But Lambda's
developer guide says that a function's rate cannot be configured, so a rule is a request, not a promise: pages must
handle a trace that was not sampled.
"""

from collections.abc import Mapping

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_xray as xray
from constructs import Construct

from cdk.conditions import only_on_aws
from cdk.settings import Settings


class Tracing(Construct):
    """One sampling rule for each function, ahead of the account's default rule.

    `functions` maps the ending of a rule's name to its function. One rule with a pattern would not do: `waybill-dev-*`
    also matches the functions of an environment `dev-two`.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: Mapping[str, lambda_.IFunction]
    ) -> None:
        super().__init__(scope, construct_id)
        for number, (suffix, function) in enumerate(functions.items()):
            rule = xray.CfnSamplingRule(
                self,
                f"Rule{suffix}",
                sampling_rule=xray.CfnSamplingRule.SamplingRuleProperty(
                    rule_name=f"waybill-{settings.environment}{suffix}",  # At most 32 characters.
                    priority=100 + number,  # The default rule is the last, at 10000.
                    fixed_rate=settings.trace_sampling,
                    # The first run of each second is recorded, so that a quiet system shows something at a low rate.
                    reservoir_size=1 if settings.trace_sampling else 0,
                    service_name=function.function_name,
                    service_type="*",  # Lambda's value is undocumented; the name is enough.
                    host="*",
                    http_method="*",
                    url_path="*",
                    resource_arn="*",
                    version=1,
                ),
            )
            only_on_aws(rule)
