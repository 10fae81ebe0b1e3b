"""The template's resources on moto's server, for functions in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from moto.server import ThreadedMotoServer

from tests.infra.stacks import resources

if TYPE_CHECKING:
    from types import TracebackType

REGION = "eu-central-1"
HOST = "127.0.0.1"


class Cloud:
    """A context manager: an AWS that answers the functions, with the stack's stores and queues in it.

    ``endpoint`` is its address. :meth:`resolve` gives the values of the deployment in the template's properties.
    """

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(HOST, 0, verbose=False)
        self._refs: dict[str, str] = {}

    def __enter__(self) -> Cloud:
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"
        for kind, create in {
            "AWS::S3::Bucket": self._bucket,
            "AWS::DynamoDB::Table": self._table,
            "AWS::SQS::Queue": self._queue,
            "AWS::SNS::Topic": self._topic,
            "AWS::SecretsManager::Secret": self._secret,
            "AWS::Cognito::UserPool": self._pool,
            "AWS::Cognito::UserPoolClient": self._client_of_pool,
            "AWS::Logs::LogGroup": self._log_group,
        }.items():
            for logical_id, resource in resources(kind).items():
                self._refs[logical_id] = create(logical_id, resource["Properties"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def client(self, service: Any) -> Any:
        """Return a client of this AWS."""
        return boto3.client(
            service, REGION, endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test"
        )

    def ref(self, part: str) -> str:
        """Return the one resource with this text in its logical id."""
        [value] = [value for logical_id, value in self._refs.items() if part in logical_id]
        return value

    def resolve(self, value: Any) -> str:
        """Fill in a property as CloudFormation does; a resource that is not made here is named by its logical id."""
        if not isinstance(value, dict):
            return str(value)
        ((function, argument),) = value.items()
        pseudo = {"AWS::Region": REGION, "AWS::AccountId": "123456789012", "AWS::Partition": "aws"}
        match function:
            case "Ref":
                return pseudo.get(argument) or self._refs.get(argument) or str(argument)
            case "Fn::GetAtt" if argument[1] == "ApiEndpoint":
                return "https://console.test"
            case "Fn::GetAtt":
                return self._refs.get(argument[0]) or str(argument[0])
            case "Fn::Join":
                return str(argument[0]).join(map(self.resolve, argument[1]))
        raise ValueError(function)

    def _bucket(self, logical_id: str, _properties: dict[str, Any]) -> str:
        name, s3 = logical_id.lower(), self.client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def _table(self, logical_id: str, properties: dict[str, Any]) -> str:
        indexes = [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in properties["GlobalSecondaryIndexes"]
        ]
        self.client("dynamodb").create_table(
            TableName=logical_id,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=properties["AttributeDefinitions"],
            KeySchema=properties["KeySchema"],
            GlobalSecondaryIndexes=indexes,
        )
        return logical_id

    def _queue(self, _logical_id: str, properties: dict[str, Any]) -> str:
        return str(self.client("sqs").create_queue(QueueName=properties["QueueName"])["QueueUrl"])

    def _topic(self, logical_id: str, _properties: dict[str, Any]) -> str:
        return str(self.client("sns").create_topic(Name=logical_id)["TopicArn"])

    def _secret(self, logical_id: str, _properties: dict[str, Any]) -> str:
        key = "of-at-least-thirty-two-characters-as-deployed"
        return str(self.client("secretsmanager").create_secret(Name=logical_id, SecretString=key)["ARN"])

    def _pool(self, logical_id: str, _properties: dict[str, Any]) -> str:
        return str(self.client("cognito-idp").create_user_pool(PoolName=logical_id)["UserPool"]["Id"])

    def _client_of_pool(self, logical_id: str, _properties: dict[str, Any]) -> str:
        pool, cognito = self.ref("SignInPoolF"), self.client("cognito-idp")
        answer = cognito.create_user_pool_client(UserPoolId=pool, ClientName=logical_id)
        return str(answer["UserPoolClient"]["ClientId"])

    def _log_group(self, logical_id: str, _properties: dict[str, Any]) -> str:
        self.client("logs").create_log_group(logGroupName=logical_id)
        return logical_id
