"""What of the stack exists on AWS only, because the emulator does not know the kind of resource.

The template stays one and the same: a condition in it looks at the account that it is deployed to.
"""

from aws_cdk import Aws, CfnCondition, CfnResource, Fn, Stack
from constructs import Construct, IConstruct

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
EMULATED_ACCOUNT = "000000000000"  # AWS gives it to nobody.


def only_on_aws(construct: Construct) -> None:
    """Leave the resource behind a construct out of a deployment to the emulator, which would refuse the whole stack."""
    stack = Stack.of(construct)
    condition = stack.node.try_find_child("OnAws")
    if not isinstance(condition, CfnCondition):
        # The emulator resolves neither partition nor account within a condition: its partition is "AWS::Partition".
        # The account is there for the day when it does.
        on_aws = [Fn.condition_equals(Aws.PARTITION, partition) for partition in PARTITIONS]
        emulated = Fn.condition_equals(Aws.ACCOUNT_ID, EMULATED_ACCOUNT)
        expression = Fn.condition_and(Fn.condition_or(*on_aws), Fn.condition_not(emulated))
        condition = CfnCondition(stack, "OnAws", expression=expression)
    resource: IConstruct | None = construct if isinstance(construct, CfnResource) else construct.node.default_child
    if not isinstance(resource, CfnResource):
        raise TypeError("only a construct with a resource behind it can be left out")
    resource.cfn_options.condition = condition
