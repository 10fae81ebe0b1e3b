"""Every page of the console by name, each tested and pictured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processor.domain.file_states import FileState

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from tests.e2e.deployment import Deployment

FIXED = {
    "overview": "/",
    "files": "/files",
    "files-none": "/files?name=nothing-is-called-this",
    "files-act": "/files/actions?kind=reprocess&all=1&state=failed",
    "inbox": "/files/inbox",
    "orders": "/orders",
    "orders-of-customer": "/orders?customer=Amelia+Foster",
    "dead-letters": "/dead-letters",
    "metrics": "/metrics?window=hour",
    "activity": "/activity",
    "activity-downloads": "/activity?show=downloads",
    "upload": "/upload",
    "search-nothing": "/search?q=nothing-is-called-this",
    "not-found": "/files/000000000000000000000000",
    "api": "/api/docs",
    "signed-out": "/auth/signed-out",
}
OF_FILE = {
    "file-partial": (FileState.PARTIAL, "/files/{file_id}"),
    "file-partial-rejected": (FileState.PARTIAL, "/files/{file_id}?tab=rejected"),
    "file-processed-orders": (FileState.PROCESSED, "/files/{file_id}?tab=orders"),
    "file-failed": (FileState.FAILED, "/files/{file_id}"),
    "file-duplicate": (FileState.DUPLICATE, "/files/{file_id}"),
    "file-held": (FileState.HELD, "/files/{file_id}"),
    "file-voided": (FileState.VOIDED, "/files/{file_id}"),
    "file-dead-lettered": (FileState.DEAD_LETTERED, "/files/{file_id}"),
    "file-runs": (FileState.DEAD_LETTERED, "/files/{file_id}?tab=runs"),
    "file-objects": (FileState.PARTIAL, "/files/{file_id}?tab=objects"),
    "run": (FileState.PARTIAL, "/files/{file_id}/runs/{run_id}"),
    "trace": (FileState.PARTIAL, "/traces/{trace_id}"),
}
NAMES = (*FIXED, *OF_FILE)


def largest_file(waybill: Deployment, state: FileState) -> FileEntry:
    """Return the file with the most rows among those in a state; of held ones, one of whose orders came before."""
    items = waybill.client("dynamodb").query(
        TableName=waybill.outputs["FilesTableName"],
        IndexName="by_state",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": state}},
    )["Items"]
    entries = [waybill.ledger.read_file(item["file_id"]["S"]) for item in items]
    files = [entry for entry in entries if entry]
    assert files, f"no file is {state}"
    return max(files, key=lambda entry: (bool(entry.same_orders), entry.rows))


def address(waybill: Deployment, name: str) -> str:
    """Return the path of a page."""
    if name in FIXED:
        return FIXED[name]
    state, path = OF_FILE[name]
    entry = largest_file(waybill, state)
    run = waybill.ledger.list_runs(entry.file_id)[-1]
    return path.format(file_id=entry.file_id, run_id=run.run_id, trace_id=run.trace_id)
