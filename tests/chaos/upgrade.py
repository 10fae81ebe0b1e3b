"""An upgrade while files flow: `python -m tests.chaos.upgrade --from REF`. The exit code is the result.

The stack of an earlier commit is deployed and loaded, then the present one is deployed over it. Meanwhile files go on
coming and pages are asked for. In the end every row is accounted for, as after a chaos run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

from cdk.local.deploy import bootstrap, deploy, synthesize
from cdk.local.emulator import Emulator, free_port
from cdk.local.processes import ROOT
from cdk.local.sidecar_process import Sidecar
from tests.chaos.checks import check_all
from tests.chaos.files import ChaosFile, FileMaker
from tests.chaos.history import History
from tests.chaos.inventory import take_inventory
from tests.chaos.people import Operator
from tests.chaos.quiet import wait_quiet
from tests.chaos.rules import Limits, judge_rows
from tests.chaos.senders import Uploader
from tests.e2e.bring_up import CONTEXT, LOCAL
from tests.e2e.deployment import Deployment
from tests.e2e.faults import Fault, FaultProxy, aws_error, kill_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.chaos.inventory import Inventory

SHIPPED = ("processor", "admin_api", "templates", "cdk", "uv.lock", ":!cdk/local")
PAGES = ("/", "/files", "/orders", "/dead-letters", "/api/files", "/api/actions", "/healthz")
FILES, FLOWING = 30, 20
VISIBILITY_S = 12


def git(*arguments: str) -> str:
    """Run git; return what it prints."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def find_earlier() -> str:
    """Return the newest release or, without one, the newest commit whose shipped code differs from the present one."""
    with contextlib.suppress(subprocess.CalledProcessError):
        return git("describe", "--tags", "--abbrev=0", "HEAD^")
    for commit in git("log", "--format=%H", "-n", "200").splitlines():
        if git("diff", "--stat", commit, "--", *SHIPPED):
            return commit
    sys.exit(
        "There is no earlier commit with other shipped code here. In a shallow clone, fetch more: git fetch --unshallow"
    )


def synthesize_earlier(commit: str, folder: Path) -> Path:
    """Unpack a commit and synthesise its stack with its own code; return the assembly's folder."""
    source, out = folder / "source", folder / "cdk.out"
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(source, filter="data")
    for tools in (".tools", "node_modules"):
        if (ROOT / tools).exists() and not (source / tools).exists():
            (source / tools).symlink_to(ROOT / tools)
    code = f"from cdk.local.deploy import *; synthesize(Path({str(out)!r}), {CONTEXT!r})"
    subprocess.run([sys.executable, "-c", code], cwd=source, check=True, env=os.environ | {"PYTHONPATH": str(source)})
    return out


class Visitor(threading.Thread):
    """Asks for pages on and on, and counts the answers."""

    def __init__(self, stack: Deployment) -> None:
        super().__init__(daemon=True)
        self.answers: Counter[str] = Counter()
        self.broken: list[tuple[float, str]] = []
        self.over = threading.Event()
        self._stack = stack

    def run(self) -> None:
        with self._stack.console(self._stack.accounts.operator) as script:
            while not self.over.wait(0.3):
                for page in PAGES:
                    try:
                        status = script.get(page).status_code
                    except httpx.HTTPError as error:
                        status, page = 0, f"{page} {error!r:.80}"  # noqa: PLW2901
                    whole = 200 <= status < 400
                    self.answers["whole" if whole else "broken"] += 1
                    if not whole:
                        self.broken.append((time.time(), f"{status} {page}"))


class Upgrade:
    """One upgrade on a deployed earlier stack."""

    def __init__(self, stack: Deployment, proxy: FaultProxy, seed: int, say: Callable[[str], None]) -> None:
        self._stack, self._proxy, self._say = stack, proxy, say
        self.history = History()
        self._maker = FileMaker(random.Random(seed), "chaos-upgrade")  # noqa: S311
        self._uploader = Uploader(stack, self.history, Limits())
        self._operator = Operator(stack, self.history, seed)
        self.found: dict[str, list[str]] = {}

    def carry_out(self, deploy_present: Callable[[], None]) -> None:
        """Load, deploy over it while files flow, then finish everything and count."""
        with self._stack.visibility_timeout(VISIBILITY_S):
            self._load()
            before = take_inventory(self._stack)
            with self._stack.console(self._stack.accounts.operator) as script:
                cursor = script.get("/api/files?limit=5").raise_for_status().json()["older"]
                second_page = self._page(script, cursor)
                post = script.post("/api/uploads", json={"name": "prepared-before.csv"}).raise_for_status().json()
            self._say(f"loaded: {len(before.files)} files, {len(before.orders)} orders; the present stack follows")
            self._deploy_while_files_flow(deploy_present)
            with self._stack.console(self._stack.accounts.operator) as script:
                same = self._page(script, cursor) == second_page
            self.found["A cursor of the earlier version leads to the same page"] = [] if same else ["it does not"]
            self._use(post)
            self._copy_and_reprocess(before.files)
            wait_quiet(self._stack, self._say)
            self._operator.redrive_all()
            wait_quiet(self._stack, self._say)
        after = take_inventory(self._stack)
        self._judge_by_release(after)
        self.found |= check_all(after, self.history)
        kept = {repr(sorted(order.items())) for order in after.orders}
        touched = {asked.file_id for asked in self.history.asked}
        lost = [order for order in before.orders if repr(sorted(order.items())) not in kept]
        settled = {file_id for file_id, entry in before.files.items() if entry["state"] in {"processed", "partial"}}
        self.found["No order of the earlier version has changed"] = [
            str(order) for order in lost if order["file_id"] in settled - touched
        ]

    def _judge_by_release(self, after: Inventory) -> None:
        """Judge anew what was stored by a release that rejected rows alone and held nothing for them."""
        entries = {(entry["object_key"], entry["version_id"]): entry for entry in after.files.values()}
        for upload in self.history.uploads:
            entry = entries.get((upload.key, upload.version_id))
            if entry and entry["state"] in {"processed", "partial"} and _was_stored_by_rows(entry):
                upload.verdict = judge_rows(upload.file.name, upload.file.body, upload.file.encoding)

    def _load(self) -> None:
        """Bring files into many states: settled, dead-lettered, half stored, in ranges."""
        for file in self._maker.make(FILES):
            self._uploader.upload(ChaosFile(file.name, file.body, file.encoding, file.kind))
        wait_quiet(self._stack, self._say)
        dead, half = (self._maker.make_large(0.05) for _ in range(2))
        failing = aws_error("InternalError", 500)
        self._proxy.add(Fault(failing, ("GetObject",), about=(dead.name.rpartition("/")[2],), times=9))
        self._proxy.add(Fault(kill_after, ("BatchWriteItem",), nth=4))
        self._uploader.upload(dead)
        self._uploader.upload(half)
        time.sleep(4)
        self._uploader.upload(self._maker.make_large(3))
        time.sleep(2)

    def _deploy_while_files_flow(self, deploy_present: Callable[[], None]) -> None:
        visitor = Visitor(self._stack)
        visitor.start()
        flowing = self._maker.make(FLOWING)[FILES:]
        sender = threading.Thread(target=self._send, args=(flowing,), daemon=True)
        sender.start()
        time.sleep(2)
        began = time.time()
        deploy_present()
        ended = time.time()
        sender.join(120)
        time.sleep(5)
        visitor.over.set()
        visitor.join(60)
        during = [broken for broken in visitor.broken if began <= broken[0] <= ended + 2]
        outside = [broken for broken in visitor.broken if broken not in during]
        self._say(
            f"deployed in {ended - began:.0f} s; {visitor.answers['whole']} pages whole, "
            f"{len(during)} broken meanwhile: {dict(Counter(what for _, what in during))}"
        )
        self.found["No page breaks before or after the deployment"] = [what for _, what in outside]

    def _send(self, files: list[ChaosFile]) -> None:
        for file in files:
            self._uploader.upload(ChaosFile(file.name, file.body, file.encoding, file.kind))
            time.sleep(0.7)

    def _use(self, post: dict[str, Any]) -> None:
        """Upload by a permission that the earlier console gave."""
        body = b"order_id,customer_name,product_name,quantity,unit_price\nP-1,Ada,Engine,1,2.50\n"
        files = {"file": ("prepared-before.csv", body, "text/csv")}
        url = f"{self._stack.endpoint}/{self._stack.outputs['BucketName']}"
        answer = httpx.post(url, data=post["fields"], files=files, timeout=30)
        self._uploader.note(
            ChaosFile("prepared-before.csv", body, kind="prepared"),
            post["object_key"],
            answer.headers["x-amz-version-id"],
        )

    def _copy_and_reprocess(self, files: dict[str, dict[str, Any]]) -> None:
        """Send contents again that the earlier version has stored, and reprocess some of its files."""
        stored = [upload for upload in self.history.uploads if upload.verdict.accepted][:3]
        for number, upload in enumerate(stored):
            name = f"chaos-upgrade/again-{number}{'.csv.gz' if upload.file.name.endswith('.gz') else '.csv'}"
            self._uploader.upload(ChaosFile(name, upload.file.body, upload.file.encoding, "duplicate"))
        for entry in [entry for entry in files.values() if entry["state"] in {"processed", "partial"}][:4]:
            self._operator.reprocess(entry["file_id"])

    @staticmethod
    def _page(script: httpx.Client, cursor: str) -> list[str]:
        answer = script.get("/api/files", params={"limit": 5, "cursor": cursor}).raise_for_status()
        return [file["file_id"] for file in answer.json()["files"]]


def _was_stored_by_rows(entry: dict[str, Any]) -> bool:
    """Tell whether the ledger says so: by name, or by the digit behind the microseconds of the first run's moment."""
    digits = entry["base_timestamp"].partition(".")[2].rstrip("Z")
    return bool(entry.get("reject", "row" if digits[6:] in {"", "0"} else "order") == "row")


def main() -> int:
    """Read the arguments, upgrade, print the table."""
    parser = argparse.ArgumentParser(prog="make upgrade", description=__doc__)
    parser.add_argument(
        "--from", dest="earlier", default="", help="a commit or tag; without it the newest one that differs"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    earlier = git("rev-parse", "--short", options.earlier or find_earlier())
    print(f"From {earlier} to {git('rev-parse', '--short', 'HEAD')}", flush=True)
    folder = LOCAL / "upgrade"
    old_assembly = synthesize_earlier(earlier, folder / earlier)
    synthesize(folder / "cdk.out", CONTEXT)
    port = free_port()
    with (
        FaultProxy(f"http://127.0.0.1:{port}") as proxy,
        Sidecar(folder / "sidecar", folder / "mail") as sidecar,
        Emulator(port, folder / "emulator", extra_env={"AWS_ENDPOINT_URL": proxy.url, **sidecar.extra_env}) as emulator,
    ):
        bootstrap(emulator)
        outputs = deploy(emulator, out_dir=old_assembly, context=CONTEXT)
        stack = Deployment(emulator.endpoint, outputs, emulator.child_env(), emulator.log)
        with contextlib.closing(stack):
            upgrade = Upgrade(stack, proxy, options.seed, lambda line: print(f"  {line}", flush=True))

            def deploy_present() -> None:
                outputs.update(deploy(emulator, out_dir=folder / "cdk.out", context=CONTEXT))

            upgrade.carry_out(deploy_present)
            proxy.reset()
    for title, differences in upgrade.found.items():
        print(f"{'✕' if differences else '✓'} {title}")
        print("".join(f"    {difference}\n" for difference in differences[:8]), end="")
    return int(any(upgrade.found.values()))


if __name__ == "__main__":
    sys.exit(main())
