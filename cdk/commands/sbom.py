"""`make sbom`: the software bills of materials, by the lock files, as CycloneDX 1.5.

    python -m cdk.commands.sbom [FOLDER]

uv and npm write them. Neither needs a network.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cdk.bundling.sources import BUNDLES, ROOT, RUNTIME_PACKAGES, BundlingError, uv
from cdk.commands.cdk_command import NODE
from cdk.commands.session import OperationError

FOLDER = ROOT / ".local/sbom"
DEPLOYED, PYTHON, NPM = "functions.cdx.json", "python.cdx.json", "npm.cdx.json"


def write_bills(folder: Path) -> list[Path]:
    """Write the three bills into the folder; return their paths."""
    groups = [part for group in BUNDLES for part in ("--only-group", group)]
    # The functions take the SDK from Lambda's runtime, which AWS keeps up to date.
    without = [part for package in RUNTIME_PACKAGES for part in ("--prune", package)]
    common = ("export", "--frozen", "--format", "cyclonedx1.5", "--quiet")
    bills = {
        DEPLOYED: uv(*common, *groups, *without),
        PYTHON: uv(*common, "--all-groups"),
        NPM: _npm("sbom", "--package-lock-only", "--sbom-format", "cyclonedx"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in bills.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in bills]


def _npm(*arguments: str) -> str:
    command = [str(NODE.with_name("npm")), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise OperationError(f"`npm {arguments[0]}` failed: {done.stderr.strip()}")
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Write the bills and say where; return the exit code."""
    try:
        functions, python, npm = write_bills(Path(arguments[0]) if arguments else FOLDER)
    except (OperationError, BundlingError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    print(f"{functions}: what the functions on AWS are made of")  # noqa: T201
    print(f"{python}: every Python package of uv.lock, tools and tests included")  # noqa: T201
    print(f"{npm}: the CDK's command line, the htmx that the console serves, and tools")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
