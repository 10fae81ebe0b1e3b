"""Synthesise the stack and deploy it into an emulator with the very CDK command line that deploys it to AWS."""

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from cdk.bundling.sources import BUNDLES, source_files
from cdk.local.emulator import ACCOUNT, REGION, Emulator
from cdk.local.processes import ROOT, CommandError, Supervised, run

CDK = ROOT / "node_modules/.bin/cdk"
NODE = Path(sys.executable).with_name("node")


def local_context() -> dict[str, object]:
    """Return what every deployment on this machine differs in from the defaults."""
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    return {
        "environment": "local",
        "removal_policy": "destroy",
        "architecture": architecture,
        "retry_backoff_s": [2, 4],  # Nobody wants to watch a retry wait for a minute.
    }


def stack_name(context: Mapping[str, object] | None = None) -> str:
    """Name the stack that this context makes."""
    return f"Waybill-{(local_context() | dict(context or {}))['environment']}"


class Synthesis:
    """The making of a cloud assembly in the background; a context manager that leaves no process behind.

    The assembly is kept as long as nothing has changed that goes into it. Synthesis runs the application directly:
    going through the CDK command line would start Node once more for nothing.
    """

    def __init__(self, out_dir: Path, context: Mapping[str, object] | None = None) -> None:
        self.out_dir = out_dir.absolute()
        configured = json.loads((ROOT / "cdk.json").read_text())["context"]
        self._context = configured | local_context() | dict(context or {})
        self._fingerprint = _fingerprint(self._context)
        self._stamp = self.out_dir / ".fingerprint"
        self._log = self.out_dir.with_name(f"{self.out_dir.name}.log")
        self._process: Supervised | None = None

    def __enter__(self) -> Self:
        if not self._stamp.exists() or self._stamp.read_text() != self._fingerprint:
            self._stamp.unlink(missing_ok=True)
            env = os.environ | {
                "CDK_OUTDIR": str(self.out_dir),
                "CDK_CONTEXT_JSON": json.dumps(self._context),
                # jsii takes the first Node on PATH: the locked one, before whatever the machine has.
                "PATH": os.pathsep.join([str(NODE.parent), os.environ["PATH"]]),
            }
            self._process = Supervised([sys.executable, "-m", "cdk.app"], env=env, log=self._log)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.stop()

    def finish(self) -> bool:
        """Wait for the assembly; return whether there was anything to do."""
        if not self._process:
            return False
        if self._process.wait():
            raise CommandError("Synthesis", self._log)
        self._drop_old_bundles()
        self._stamp.write_text(self._fingerprint)
        return True

    def _drop_old_bundles(self) -> None:
        """Remove the bundles of earlier sources, which CDK leaves in place."""
        used = "".join(path.read_text() for path in self.out_dir.glob("*.assets.json"))
        for path in self.out_dir.glob("asset.*"):
            if path.name not in used:
                shutil.rmtree(path)


def synthesize(out_dir: Path, context: Mapping[str, object] | None = None) -> bool:
    """Write the cloud assembly into the folder; return whether there was anything to do."""
    with Synthesis(out_dir, context) as synthesis:
        return synthesis.finish()


def bootstrap(emulator: Emulator) -> None:
    """Make the bucket and the roles that CDK deploys through."""
    # Away from cdk.json: the command line would synthesise the application first, though it is given the account.
    _cdk("Bootstrap", ["bootstrap", f"aws://{ACCOUNT}/{REGION}"], emulator, cwd=emulator.workdir)


def deploy(emulator: Emulator, *, out_dir: Path, context: Mapping[str, object] | None = None) -> dict[str, str]:
    """Deploy a synthesised stack into a bootstrapped emulator, again where it is there; return its outputs."""
    outputs = emulator.workdir / "stack-outputs.json"
    stack = stack_name(context)
    options = ["--require-approval", "never", "--progress", "events", "--outputs-file", str(outputs)]
    _cdk("Deployment", ["deploy", stack, "--app", str(out_dir.absolute()), *options], emulator)
    return dict(json.loads(outputs.read_text())[stack])


def bring_up(emulator: Emulator, *, out_dir: Path, context: Mapping[str, object] | None = None) -> dict[str, str]:
    """Synthesise, bootstrap and deploy one after the other; return the stack's outputs."""
    synthesize(out_dir, context)
    bootstrap(emulator)
    return deploy(emulator, out_dir=out_dir, context=context)


def _cdk(what: str, arguments: list[str], emulator: Emulator, cwd: Path = ROOT) -> None:
    env = emulator.child_env() | {"CDK_DISABLE_CLI_TELEMETRY": "true", "CI": "true", "NO_COLOR": "1"}
    log = emulator.workdir / f"{arguments[0]}.log"
    run(what, [str(NODE), str(CDK), *arguments], env=env, log=log, cwd=cwd)


def _fingerprint(context: Mapping[str, object]) -> str:
    digest = hashlib.sha256(json.dumps(context, sort_keys=True).encode())
    for path in _ingredients():
        digest.update(f"\0{path}\0".encode() + (ROOT / path).read_bytes())
    return digest.hexdigest()


def _ingredients() -> Iterator[Path]:
    """Yield what the assembly is made of: the application, the locked packages, and the sources of every bundle."""
    modules = (path.relative_to(ROOT) for path in sorted((ROOT / "cdk").rglob("*.py")))
    yield from (path for path in modules if path.parts[1] != "local")
    yield Path("uv.lock")
    yield from source_files(sorted({package for packages in BUNDLES.values() for package in packages}))
