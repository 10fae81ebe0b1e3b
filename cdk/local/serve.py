"""Starts the emulator with four corrections, in its own Python, which has nothing of the project.

It answers a request for a range of an object's version with the whole object, so reading 1 GB in blocks of 4 MB would
send 256 GB. It reads a filter for any of several terms as one for all of them. It refuses to delete a message by the
handle of an earlier receive, which SQS accepts and which deletes nothing then. And it ends all environments of a
function when one of them dies at its start.
"""

import re
import runpy
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-not-found]  # It has an environment of its own.
from ministack.services import cloudwatch_logs, s3, sqs  # type: ignore[import-not-found]  # It has an environment of its own.

type Answer = tuple[int, dict[str, str], bytes]

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_ANY_OF = re.compile(r'\?"([^"]+)"\s*')
_whole_object = s3._get_object  # noqa: SLF001
_invoke_worker = lambda_runtime.Worker.invoke
_delete = sqs._act_delete_message  # noqa: SLF001
_delete_batch = sqs._act_delete_message_batch  # noqa: SLF001
_compiled = cloudwatch_logs._compile_filter_pattern  # noqa: SLF001


def _get_object(bucket: str, key: str, headers: dict[str, str], query: Any = None) -> Answer:
    """Answer as S3 does to a range of the form that the processor sends."""
    status, headers_of_whole, body = _whole_object(bucket, key, headers, query)
    span = _RANGE.fullmatch(headers.get("range", ""))
    if status != 200 or not span or int(span[1]) >= len(body):
        return status, headers_of_whole, body
    start, end = int(span[1]), min(int(span[2]), len(body) - 1)
    part = body[start : end + 1]
    ranged = {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
    # A checksum of the whole is not the part's.
    others = {name: value for name, value in headers_of_whole.items() if not name.lower().startswith("x-amz-checksum")}
    return 206, others | ranged, part


def _compile_filter_pattern(raw: str) -> Callable[[str], bool]:
    """Match lines with any of the terms in ``?"one" ?"two"``, as CloudWatch Logs does."""
    terms = _ANY_OF.findall(raw or "")
    if not terms or _ANY_OF.sub("", raw):
        return _compiled(raw)  # type: ignore[no-any-return]
    return lambda message: any(term in message for term in terms)


def _delete_message(data: dict[str, Any], queue: str) -> dict[str, Any]:
    """Delete a message; by a handle that a later receive has replaced, succeed and delete nothing.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
    """
    try:
        return _delete(data, queue)  # type: ignore[no-any-return]
    except sqs._Err as error:  # noqa: SLF001
        if error.code != "ReceiptHandleIsInvalid":
            raise
        return {}


def _delete_messages(data: dict[str, Any], queue: str) -> dict[str, Any]:
    """Do the same for each message of a batch."""
    answer: dict[str, Any] = _delete_batch(data, queue)
    replaced = [failed for failed in answer.get("Failed", []) if failed["Code"] == "ReceiptHandleIsInvalid"]
    failed = [failed for failed in answer.get("Failed", []) if failed not in replaced]
    done = answer.get("Successful", []) + [{"Id": each["Id"]} for each in replaced]
    return answer | {"Successful": done, "Failed": failed}


def _invoke(worker: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
    """Invoke a function in one environment; if that does not start, only this invocation fails."""
    try:
        return _invoke_worker(worker, *arguments, **options)  # type: ignore[no-any-return]
    except Exception as error:  # noqa: BLE001  Whatever goes wrong in the environment is its own end, not the others'.
        process, worker._proc = worker._proc, None  # noqa: SLF001
        if process:
            process.kill()
            process.wait()
        return {"status": "error", "error": str(error)}


if __name__ == "__main__":
    s3._get_object = _get_object  # noqa: SLF001
    cloudwatch_logs._compile_filter_pattern = _compile_filter_pattern  # noqa: SLF001
    lambda_runtime.Worker.invoke = _invoke
    sqs._HANDLERS |= {"DeleteMessage": _delete_message, "DeleteMessageBatch": _delete_messages}  # noqa: SLF001
    runpy.run_module("ministack", run_name="__main__", alter_sys=True)
