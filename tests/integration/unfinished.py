"""Objects in small parts, calls that fail, and the uploads that nobody has finished, for which S3 bills."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3.s3 import transfer
from botocore.endpoint import Endpoint
from botocore.exceptions import ClientError

from tests.integration.stage import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from botocore.model import OperationModel

    from tests.integration.stage import Stage


def write_in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every object be written and copied in parts, however small it is."""
    monkeypatch.setattr("processor.storage.objects.PART_BYTES", 1)
    monkeypatch.setattr("processor.storage.objects._LARGEST_COPY", 0)
    monkeypatch.setattr(transfer, "TransferConfig", functools.partial(transfer.TransferConfig, multipart_threshold=1))
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, operation: str, prefix: str) -> Iterator[None]:
    """Let an operation on keys under a prefix fail while the block runs, whoever calls it."""
    make_request = Endpoint.make_request

    def fail(self: Endpoint, operation_model: OperationModel, request_dict: dict[str, Any]) -> Any:
        if operation_model.name == operation and f"/{prefix}" in request_dict["url_path"]:
            raise ClientError({"Error": {"Code": "InternalError", "Message": "We failed."}}, operation)
        return make_request(self, operation_model, request_dict)

    with monkeypatch.context() as patch:
        patch.setattr(Endpoint, "make_request", fail)
        yield


def unfinished_uploads(stage: Stage) -> list[str]:
    """List the keys of uploads that have parts and no end."""
    uploads = stage.clients.s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return [upload["Key"] for upload in uploads]
