"""A deployment under verification whose console and bucket answer as a test wants it."""

from __future__ import annotations

import httpx

from cdk.commands.verify.deployment import Deployment
from tests.infra.aws_answers import PreparedSession

URL = "https://a1.execute-api.eu-central-1.amazonaws.com"
BUCKET_URL = "https://waybill-x.s3.eu-central-1.amazonaws.com/"
MARK = "verify-0123abcd"
OUTPUTS = {
    "ConsoleUrl": URL,
    "BucketName": "waybill-x",
    "ProcessorFunctionName": "waybill-x-processor",
    "AlertsTopicArn": "arn:aws:sns:eu-central-1:123456789012:alerts",
    "DeadLetterQueueUrl": "https://sqs.eu-central-1.amazonaws.com/123456789012/dead",
    "LargeFilesArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:large",
}


def deployment(session: PreparedSession | None = None, **routes: httpx.Response) -> Deployment:
    """Provide a deployment whose console and bucket answer so, by the path's last part; else with 200 and nothing."""

    def answer(request: httpx.Request) -> httpx.Response:
        place = "bucket" if str(request.url).startswith(BUCKET_URL) else request.url.path.rpartition("/")[2]
        found = routes.get(f"{request.method}_{place}") or routes.get(place) or httpx.Response(200, text="ok")
        return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    client = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    return Deployment(session or PreparedSession(), OUTPUTS, client, MARK)  # type: ignore[arg-type]
