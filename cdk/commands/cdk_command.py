"""The CDK command line, as it is locked in this repository."""

import os
import subprocess
import sys
from pathlib import Path

from cdk.bundling.sources import ROOT

NODE = Path(sys.executable).with_name("node")
CDK = ROOT / "node_modules/.bin/cdk"


def run_cdk(*arguments: str, folder: Path = ROOT) -> int:
    """Run the CDK command line in the foreground; return its exit code."""
    env = os.environ | {"PATH": os.pathsep.join([str(NODE.parent), os.environ["PATH"]])}
    return subprocess.run([str(NODE), str(CDK), *arguments], cwd=folder, env=env, check=False).returncode  # noqa: S603
