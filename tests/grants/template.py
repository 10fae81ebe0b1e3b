"""A synthesised template with its references resolved to the names and ARNs that a deployment could have."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

REGION, ACCOUNT = "eu-central-1", "123456789012"
_PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "Waybill",
}
_HERE = f"{REGION}:{ACCOUNT}"

# The ARN of a resource by type, with the property that names it; one without gets a generated name.
_ARNS = {
    "AWS::S3::Bucket": ("arn:aws:s3:::{name}", "BucketName"),
    "AWS::DynamoDB::Table": ("arn:aws:dynamodb:{here}:table/{name}", "TableName"),
    "AWS::SQS::Queue": ("arn:aws:sqs:{here}:{name}", "QueueName"),
    "AWS::SNS::Topic": ("arn:aws:sns:{here}:{name}", "TopicName"),
    "AWS::Lambda::Function": ("arn:aws:lambda:{here}:function:{name}", "FunctionName"),
    "AWS::Logs::LogGroup": ("arn:aws:logs:{here}:log-group:{name}:*", "LogGroupName"),
    "AWS::SecretsManager::Secret": ("arn:aws:secretsmanager:{here}:secret:{name}-a1B2c3", "Name"),
    "AWS::StepFunctions::StateMachine": ("arn:aws:states:{here}:stateMachine:{name}", "StateMachineName"),
    "AWS::Cognito::UserPool": ("arn:aws:cognito-idp:{here}:userpool/{name}", ""),
    "AWS::CloudWatch::Alarm": ("arn:aws:cloudwatch:{here}:alarm:{name}", "AlarmName"),
    "AWS::CloudWatch::CompositeAlarm": ("arn:aws:cloudwatch:{here}:alarm:{name}", "AlarmName"),
    "AWS::Events::Rule": ("arn:aws:events:{here}:rule/{name}", "Name"),
    "AWS::Scheduler::Schedule": ("arn:aws:scheduler:{here}:schedule/default/{name}", "Name"),
    "AWS::IAM::Role": ("arn:aws:iam::{account}:role/{name}", "RoleName"),
}
_REF_IS_ARN = {"AWS::SNS::Topic", "AWS::SecretsManager::Secret", "AWS::StepFunctions::StateMachine"}


class Template:
    """A template's resources."""

    here = _HERE

    def __init__(self, document: dict[str, Any]) -> None:
        self.resources: dict[str, Any] = document["Resources"]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a template of CDK's assembly."""
        return cls(json.loads(path.read_text()))

    def of_kind(self, kind: str) -> dict[str, Any]:
        """Return the properties of all resources of a type by logical id."""
        return {name: found.get("Properties", {}) for name, found in self.resources.items() if found["Type"] == kind}

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        """The functions' properties, by name without `waybill-<environment>-`."""
        functions = self.of_kind("AWS::Lambda::Function").values()
        return {re.sub(r"^waybill-[^-]+-", "", each["FunctionName"]): each for each in functions}

    def path(self, logical_id: str) -> str:
        """Return where a resource is in the tree of constructs, such as ``Console/Web/Role``."""
        path = self.resources[logical_id].get("Metadata", {}).get("aws:cdk:path", logical_id)
        return str(path).partition("/")[2].removesuffix("/Resource") or logical_id

    def resolve(self, value: Any) -> Any:
        """Return a value with its references resolved."""
        if isinstance(value, list):
            return [self.resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        resolved: Any
        match value:
            case {"Ref": str(name)}:
                resolved = _PSEUDO.get(name) or self._ref(name)
            case {"Fn::GetAtt": [name, attribute]}:
                resolved = self._attribute(name, attribute)
            case {"Fn::Join": [separator, parts]}:
                resolved = separator.join(str(self.resolve(part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                resolved = re.sub(r"\$\{([\w:]+)\}", lambda found: str(self.resolve({"Ref": found[1]})), text)
            case _:
                resolved = {name: self.resolve(each) for name, each in value.items()}
        return resolved

    def role_of(self, value: Any) -> str:
        """Return the logical id of the role that a value refers to."""
        match value:
            case {"Fn::GetAtt": [str(name), "Arn"]} | {"Ref": str(name)}:
                return name
        raise ValueError(f"{value} refers to no role of this template")

    def arn_of_function(self, value: Any) -> str:
        """Return the ARN of a function that is given by name or by ARN."""
        name = str(self.resolve(value))
        return name if name.startswith("arn:") else f"arn:aws:lambda:{_HERE}:function:{name}"

    def function_named(self, name: str) -> dict[str, Any]:
        """Return the properties of a function by its whole name."""
        return next(each for each in self.functions.values() if each["FunctionName"] == name)

    @staticmethod
    def arn_here(service: str, resource: str) -> str:
        """Return an ARN of a service in the template's account and region."""
        return f"arn:aws:{service}:{_HERE}:{resource}"

    def arn(self, logical_id: str) -> str:
        """Return a resource's ARN."""
        form, _ = _ARNS[self.resources[logical_id]["Type"]]
        return form.format(name=self._name(logical_id), here=_HERE, account=ACCOUNT)

    def arn_of(self, logical_id: str) -> str:
        """Return a resource's ARN, or "" if its type is none that grants name."""
        return self.arn(logical_id) if self.resources[logical_id]["Type"] in _ARNS else ""

    def _name(self, logical_id: str) -> str:
        resource = self.resources[logical_id]
        named_by = _ARNS.get(resource["Type"], ("", ""))[1]
        name = resource.get("Properties", {}).get(named_by) if named_by else None
        return str(self.resolve(name)) if name else logical_id

    def _ref(self, logical_id: str) -> str:
        kind = self.resources[logical_id]["Type"]
        if kind in _REF_IS_ARN:
            return self.arn(logical_id)
        name = self._name(logical_id)
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}" if kind == "AWS::SQS::Queue" else name

    def _attribute(self, logical_id: str, attribute: str) -> str:
        if attribute == "Arn" or (attribute == "Id" and self.resources[logical_id]["Type"] in _REF_IS_ARN):
            return self.arn(logical_id)
        return f"{logical_id}.{attribute}"


def listed(value: Any) -> list[Any]:
    """Return a value that may stand alone as a list."""
    return value if isinstance(value, list) else [value]
