"""The assertion about a file too large for one run: the state machine stores it in ranges.

How large that is, the processor's own configuration says. Nearly all of the file is a column that nobody uses, so that
it is large and stores few orders: at the defaults some 1,500, which cost less than a cent.
"""

import json
import tempfile
from typing import IO, Any

from cdk.commands.verify.checklist import CheckError, LeftOutError
from cdk.commands.verify.deployment import Deployment
from cdk.commands.verify.files import HEADER, upload, wait_settled

LARGE_S = 1800
# Half of the time that the function has, as processor/pipeline/handover.py counts on.
SHARE_OF_TIME = 0.5
MOST_BYTES = 300 * 1024 * 1024
# A row has at most 65,536 characters.
PADDING = "x" * 60_000


def size_for_ranges(function: dict[str, Any]) -> int:
    """Return a size in bytes that one invocation of this configuration certainly hands over."""
    rate = int(function["Environment"]["Variables"]["RUN_BYTES_PER_S"])
    return int(function["Timeout"] * rate * SHARE_OF_TIME) + len(PADDING)


def write_large_file(file: IO[bytes], mark: str, size: int) -> int:
    """Write an order file of at least this size; return its rows."""
    file.write(f"{HEADER},unused\n".encode())
    rows = 0
    while file.tell() < size:
        rows += 1
        file.write(f"{mark}-large-{rows},Ada Lovelace,Engine,1,0.01,{PADDING}\n".encode())
    file.seek(0)
    return rows


def prove_large_file(deployment: Deployment) -> str:
    """Upload one; demand that every row is stored, and by an execution of the state machine."""
    size = size_for_ranges(deployment.function)
    if size > MOST_BYTES:
        raise LeftOutError(f"It would take a file of {size / 1e6:,.0f} MB. Verify with a lower run_kb_per_s.")
    with tempfile.TemporaryFile() as file:
        rows = write_large_file(file, deployment.mark, size)
        uploaded = upload(deployment, f"{deployment.mark}-large.csv", file)
    entry = wait_settled(deployment, uploaded, LARGE_S)
    if (entry["state"], entry["accepted_rows"], entry["rejected_rows"]) != ("processed", rows, 0):
        raise CheckError(
            f"{uploaded.key} is {entry['state']} with {entry['accepted_rows']} of {rows} rows. {entry['error']} "
            "See its execution in Step Functions."
        )
    status = _execution_of(deployment, entry["file_id"])
    if status != "SUCCEEDED":
        raise CheckError(f"The state machine's execution for {uploaded.key} is {status or 'missing'}, not SUCCEEDED.")
    return f"{size / 1e6:,.1f} MB, {rows} rows"


def _execution_of(deployment: Deployment, file_id: str) -> str:
    """Return the status of the execution that stored the file; empty if there is none."""
    states, machine = deployment.client("stepfunctions"), deployment.outputs["LargeFilesArn"]
    for execution in states.list_executions(stateMachineArn=machine, maxResults=100)["executions"]:
        described = states.describe_execution(executionArn=execution["executionArn"])
        if json.loads(described["input"]).get("file_id") == file_id:
            return str(described["status"])
    return ""
