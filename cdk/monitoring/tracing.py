"""Which share of the runs, and of the console's requests, X-Ray records.

X-Ray's default is the first request of each second and 5 % of the others: most runs would have a trace id and no
trace. Lambda asks X-Ray for the decision where a request brings none
(https://docs.aws.amazon.com/lambda/latest/api/API_TracingConfig.html), and X-Ray answers by its rules; but Lambda's
developer guide says that the rate of a function cannot be configured. So this rule is what can be asked for, no
promise, and whoever shows a trace has to be ready for one that was not sampled.
"""

from collections.abc import Mapping

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_xray as xray
from constructs import Construct

from cdk.conditions import only_on_aws
from cdk.settings import Settings


class Tracing(Construct):
    """X-Ray's sampling rules for our functions, ahead of the account's default rule.

    `functions` are given by what their rules' names end in. No pattern over all of them: `waybill-dev-*` would be
    those of an environment `dev-two`, too.
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
                    # At a low rate a quiet system would show nothing: the first run of each second is recorded.
                    reservoir_size=1 if settings.trace_sampling else 0,
                    service_name=function.function_name,
                    service_type="*",  # What Lambda calls itself here is documented nowhere; the name is enough.
                    host="*",
                    http_method="*",
                    url_path="*",
                    resource_arn="*",
                    version=1,
                ),
            )
            only_on_aws(rule)
