"""Names the AWS call in an HTTP request. Knows no sockets and no faults."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

if TYPE_CHECKING:
    from tests.e2e.wire import Request

TEXT_BYTES = 64 * 1024
"""How much of a body is kept as text: a full BatchWriteItem of orders, but not an 8 MB part."""

_CREDENTIAL_SCOPE = re.compile(r"[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_CBOR_OPERATION = re.compile(r"/service/[^/]+/operation/(\w+)$")
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_TARGET_SERVICES = {"DynamoDB": "dynamodb", "AmazonSQS": "sqs", "AmazonSSM": "ssm", "Logs": "logs"}

# The first entry whose query parameter is present names the operation; the empty parameter is always present.
_OBJECT_OPERATIONS = {
    "GET": {
        "uploadId": "ListParts",
        "tagging": "GetObjectTagging",
        "attributes": "GetObjectAttributes",
        "": "GetObject",
    },
    "HEAD": {"": "HeadObject"},
    "PUT": {"uploadId": "UploadPart", "tagging": "PutObjectTagging", "": "PutObject"},
    "POST": {"uploads": "CreateMultipartUpload", "uploadId": "CompleteMultipartUpload", "restore": "RestoreObject"},
    "DELETE": {"uploadId": "AbortMultipartUpload", "tagging": "DeleteObjectTagging", "": "DeleteObject"},
}
_BUCKET_OPERATIONS = {
    "GET": {
        "list-type": "ListObjectsV2",
        "versions": "ListObjectVersions",
        "uploads": "ListMultipartUploads",
        "versioning": "GetBucketVersioning",
        "location": "GetBucketLocation",
        "notification": "GetBucketNotificationConfiguration",
        "": "ListObjects",
    },
    "HEAD": {"": "HeadBucket"},
    "PUT": {
        "versioning": "PutBucketVersioning",
        "notification": "PutBucketNotificationConfiguration",
        "": "CreateBucket",
    },
    "POST": {"delete": "DeleteObjects", "": "PostObject"},
    "DELETE": {"": "DeleteBucket"},
}
_COPIES = {"PutObject": "CopyObject", "UploadPart": "UploadPartCopy"}


@dataclass(frozen=True)
class Call:
    """One AWS call: service, operation, and the request's text for a test to search."""

    service: str
    operation: str
    text: str

    def mentions(self, *substrings: str) -> bool:
        """Return whether the call mentions any of the substrings (a key, a file id), or none is given."""
        return not substrings or any(substring in self.text for substring in substrings)


def name_call(request: "Request") -> Call:
    """Name the call that a request makes; an unsigned request without a target or an action is taken for S3."""
    path, query = _split(request.target)
    parameters = parse_qs(query, keep_blank_values=True)
    form = _form(request)
    target_prefix, _, target_operation = request.header("x-amz-target").rpartition(".")
    service = _signed_service(request, parameters)
    if target_operation:
        return Call(
            service or _TARGET_SERVICES.get(target_prefix.split("_")[0], target_prefix.lower()),
            target_operation,
            _text(request),
        )
    if action := form.get("Action") or parameters.get("Action"):
        return Call(service, action[0], _text(request))
    if cbor := _CBOR_OPERATION.search(path):
        return Call(service, cbor[1], _text(request))
    if service not in {"", "s3"}:
        return Call(service, f"{request.method} {unquote(path)}", _text(request))
    return Call("s3", _s3_operation(request, path, parameters), _text(request))


def _split(target: str) -> tuple[str, str]:
    """Split a request target into path and query; unlike urlsplit, take `//x` for a path, not for a host."""
    if not target.startswith("/"):
        parts = urlsplit(target)
        return parts.path, parts.query
    path, _, query = target.partition("?")
    return path, query


def _form(request: "Request") -> dict[str, list[str]]:
    if not request.header("content-type").startswith("application/x-www-form-urlencoded"):
        return {}
    return parse_qs(request.payload[:TEXT_BYTES].decode(errors="replace"))


def _signed_service(request: "Request", parameters: dict[str, list[str]]) -> str:
    """Return the service that the request is signed for; empty if the signature names none."""
    credential = request.header("authorization").partition("Credential=")[2] or "".join(
        parameters.get("X-Amz-Credential", [])
    )
    scope = _CREDENTIAL_SCOPE.search(credential)
    return scope[1] if scope else ""


def _s3_operation(request: "Request", path: str, parameters: dict[str, list[str]]) -> str:
    """Derive an S3 operation from method, path-style address and query."""
    bucket, _, key = path.removeprefix("/").partition("/")
    if not bucket:
        return "ListBuckets"
    operations = (_OBJECT_OPERATIONS if key else _BUCKET_OPERATIONS).get(request.method, {})
    for parameter, operation in operations.items():
        if not parameter or parameter in parameters:
            return _COPIES.get(operation, operation) if request.header("x-amz-copy-source") else operation
    return f"{request.method} {unquote(path)}"


def _text(request: "Request") -> str:
    """Return path, query, copy source and the start of the body, with escapes undone so that plain names are found."""
    path, query = _split(request.target)
    body = request.payload[:TEXT_BYTES].decode(errors="replace")
    if request.header("content-type").startswith("application/x-www-form-urlencoded"):
        body = unquote_plus(body)
    if "\\u" in body:  # boto3 writes JSON in ASCII; a pair of surrogates becomes one character again.
        body = _JSON_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), body)
        body = body.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    lines = [unquote(path) + (f"?{unquote_plus(query)}" if query else "")]
    lines += [unquote(source) for source in [request.header("x-amz-copy-source")] if source]
    return "\n".join([*lines, body])
