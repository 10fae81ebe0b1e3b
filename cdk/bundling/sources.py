"""What the Lambda bundles are made of: our folders and the locked packages of one dependency group, and their digest.

Building them is bundling.py's. This module needs no CDK, whose import takes seconds.
"""

import functools
import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON_VERSION = "3.12"
PLATFORMS = {"arm64": "aarch64-manylinux_2_34", "x86_64": "x86_64-manylinux_2_34"}  # Amazon Linux 2023's C library.
# The dependency group of each bundle, and the top-level folders that it holds beside the group's packages.
BUNDLES = {"processor": ("processor",), "console": ("admin_api", "processor", "templates")}
IN_THE_RUNTIME = ("boto3", "botocore", "s3transfer")


class BundlingError(RuntimeError):
    """The code of a Lambda function could not be put together."""


@functools.cache
def find_uv() -> str:
    """Return the uv that the Makefile uses: the repository's own, or else the first on PATH that runs.

    A shim that a version manager left on PATH may exist and not run, which is why it is tried.
    """
    for candidate in (str(ROOT / ".tools/bin/uv"), "uv"):
        try:
            subprocess.run([candidate, "--version"], capture_output=True, check=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    raise BundlingError("uv is missing: run `make setup` once, which brings it into the repository.")


def uv(*arguments: str) -> str:
    """Run the Makefile's uv in the repository and return what it prints."""
    done = subprocess.run([find_uv(), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BundlingError(f"`uv {' '.join(arguments[:2])}` failed: {done.stderr.strip()}")
    return done.stdout


@functools.cache
def locked_requirements(group: str) -> str:
    """List what a dependency group locks, with hashes, less the SDK that the runtime brings and its own needs."""
    without = [part for package in IN_THE_RUNTIME for part in ("--prune", package)]
    # Frozen: `make` has just checked the lock file against pyproject.toml, and a synth must not touch the network.
    return uv("export", "--frozen", "--only-group", group, "--no-header", "--no-annotate", "--quiet", *without)


def source_files(packages: Sequence[str]) -> Iterator[Path]:
    """Yield every file of the top-level packages, in a fixed order, as paths relative to the repository."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT)


def content_hash(bundle: str, architecture: str) -> str:
    """Digest all that a bundle is made of: packages, sources, architecture and this builder."""
    digest = hashlib.sha256()
    for part in (PYTHON_VERSION, PLATFORMS[architecture], locked_requirements(bundle)):
        digest.update(part.encode() + b"\0")
    digest.update((ROOT / "cdk/bundling/bundle.py").read_bytes() + b"\0")
    for path in source_files(BUNDLES[bundle]):
        digest.update(str(path).encode() + b"\0" + (ROOT / path).read_bytes() + b"\0")
    return digest.hexdigest()
