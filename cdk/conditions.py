"""A condition for resources that exist on AWS only, because the emulator does not know their kind.

The template is the same everywhere; the condition looks at the account that it is deployed to.
"""

from aws_cdk import Aws, CfnCondition, CfnResource, Fn, Stack
from constructs import Construct, IConstruct

from cdk.settings import PARTITION

EMULATED_ACCOUNT = "000000000000"  # AWS gives it to nobody.


def only_on_aws(construct: Construct) -> None:
    """Leave a construct's resource out of deployments to the emulator, which would refuse the whole stack."""
    stack = Stack.of(construct)
    condition = stack.node.try_find_child("OnAws")
    if not isinstance(condition, CfnCondition):
        # Inside a condition the emulator resolves neither: its partition is the text "AWS::Partition". The account is
        # compared too, in case a later emulator resolves the partition.
        on_aws = Fn.condition_equals(Aws.PARTITION, PARTITION)
        emulated = Fn.condition_equals(Aws.ACCOUNT_ID, EMULATED_ACCOUNT)
        expression = Fn.condition_and(on_aws, Fn.condition_not(emulated))
        condition = CfnCondition(stack, "OnAws", expression=expression)
    resource: IConstruct | None = construct if isinstance(construct, CfnResource) else construct.node.default_child
    if not isinstance(resource, CfnResource):
        raise TypeError("only a construct with a resource behind it can be left out")
    resource.cfn_options.condition = condition
