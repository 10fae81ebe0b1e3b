"""Synthesises the stack and deploys it into an emulator with the same CDK command line as to AWS."""

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
from cdk.local.processes import ROOT, CommandError, SupervisedProcess, run

CDK = ROOT / "node_modules/.bin/cdk"
NODE = Path(sys.executable).with_name("node")


def local_context() -> dict[str, object]:
    """Return the settings in which a local deployment differs from the defaults."""
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    return {
        "environment": "local",
        "removal_policy": "destroy",
        "console_mfa": "off",  # The emulator's sign-in page knows no authenticators.
        "architecture": architecture,
        "retry_backoff_s": [2, 4],  # So that retries are seen within seconds.
    }


def stack_name(context: Mapping[str, object] | None = None) -> str:
    """Return the stack's name for this context."""
    return f"Waybill-{(local_context() | dict(context or {}))['environment']}"


class Synthesis:
    """A synthesis in the background; a context manager that leaves no process behind.

    The assembly is reused while none of its ingredients changes. The application runs directly: the CDK command line
    would only start Node once more.
    """

    def __init__(self, out_dir: Path, context: Mapping[str, object] | None = None) -> None:
        self.out_dir = out_dir.absolute()
        configured = json.loads((ROOT / "cdk.json").read_text())["context"]
        self._context = configured | local_context() | dict(context or {})
        self._fingerprint = _fingerprint(self._context)
        self._stamp = self.out_dir / ".fingerprint"
        self._log = self.out_dir.with_name(f"{self.out_dir.name}.log")
        self._process: SupervisedProcess | None = None

    def __enter__(self) -> Self:
        if not self._stamp.exists() or self._stamp.read_text() != self._fingerprint:
            self._stamp.unlink(missing_ok=True)
            env = os.environ | {
                "CDK_OUTDIR": str(self.out_dir),
                "CDK_CONTEXT_JSON": json.dumps(self._context),
                # jsii takes the first Node on PATH, which must be the locked one.
                "PATH": os.pathsep.join([str(NODE.parent), os.environ["PATH"]]),
            }
            self._process = SupervisedProcess([sys.executable, "-m", "cdk.app"], env=env, log=self._log)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.stop()

    def finish(self) -> bool:
        """Wait for the assembly; return false if the old one was reused."""
        if not self._process:
            return False
        if self._process.wait():
            raise CommandError("Synthesis", self._log)
        self._drop_old_bundles()
        self._stamp.write_text(self._fingerprint)
        return True

    def _drop_old_bundles(self) -> None:
        """Remove the bundles of earlier sources, which CDK leaves behind."""
        used = "".join(path.read_text() for path in self.out_dir.glob("*.assets.json"))
        for path in self.out_dir.glob("asset.*"):
            if path.name not in used:
                shutil.rmtree(path)


def synthesize(out_dir: Path, context: Mapping[str, object] | None = None) -> bool:
    """Write the cloud assembly into the folder; return false if the old one was reused."""
    with Synthesis(out_dir, context) as synthesis:
        return synthesis.finish()


def bootstrap(emulator: Emulator) -> None:
    """Create the bucket and the roles that CDK deploys through."""
    # In another folder than cdk.json, with which the command line would synthesise the application first.
    _cdk("Bootstrap", ["bootstrap", f"aws://{ACCOUNT}/{REGION}"], emulator, cwd=emulator.workdir)


def deploy(emulator: Emulator, *, out_dir: Path, context: Mapping[str, object] | None = None) -> dict[str, str]:
    """Deploy or update a synthesised stack in a bootstrapped emulator; return its outputs."""
    outputs = emulator.workdir / "stack-outputs.json"
    stack = stack_name(context)
    options = ["--require-approval", "never", "--progress", "events", "--outputs-file", str(outputs)]
    _cdk("Deployment", ["deploy", stack, "--app", str(out_dir.absolute()), *options], emulator)
    return dict(json.loads(outputs.read_text())[stack])


def bring_up(emulator: Emulator, *, out_dir: Path, context: Mapping[str, object] | None = None) -> dict[str, str]:
    """Synthesise, bootstrap and deploy; return the stack's outputs."""
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
    """Yield the files that an assembly depends on: the application, the lock file and the sources of all bundles."""
    modules = (path.relative_to(ROOT) for path in sorted((ROOT / "cdk").rglob("*.py")))
    yield from (path for path in modules if path.parts[1] != "local")
    yield Path("uv.lock")
    yield from source_files(sorted({package for packages in BUNDLES.values() for package in packages}))
