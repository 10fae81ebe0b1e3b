"""The ingredients of the bundles: our folders, the locked packages of one dependency group, and the hash of both.

This module imports no CDK, which takes seconds; bundle.py builds.
"""

import functools
import hashlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON_VERSION = "3.12"
PLATFORMS = {"arm64": "aarch64-manylinux_2_34", "x86_64": "x86_64-manylinux_2_34"}  # Amazon Linux 2023's C library.
# Each bundle is named as its dependency group, and holds these folders beside the group's packages.
BUNDLES = {"processor": ("processor",), "console": ("admin_api", "processor", "templates")}
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer")


class BundlingError(RuntimeError):
    """A bundle could not be built."""


@functools.cache
def find_uv() -> str:
    """Return the uv that the Makefile uses: the repository's own, else the one on PATH.

    Each is run once, as a version manager's shim may exist and not run.
    """
    for candidate in (str(ROOT / ".tools/bin/uv"), "uv"):
        try:
            subprocess.run([candidate, "--version"], capture_output=True, check=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    raise BundlingError("uv is missing: run `make setup` once, which brings it into the repository.")


def uv(*arguments: str) -> str:
    """Run uv in the repository and return its output."""
    process = subprocess.run([find_uv(), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if process.returncode:
        raise BundlingError(f"`uv {' '.join(arguments[:2])}` failed: {process.stderr.strip()}")
    return process.stdout


@functools.cache
def locked_requirements(group: str) -> str:
    """Return a group's locked packages with hashes, without the SDK of the runtime and the SDK's dependencies."""
    without = [part for package in RUNTIME_PACKAGES for part in ("--prune", package)]
    # Frozen: `make` has checked the lock file against pyproject.toml, and a synth must not use the network.
    return uv("export", "--frozen", "--only-group", group, "--no-header", "--no-annotate", "--quiet", *without)


def source_files(packages: Sequence[str]) -> Iterator[Path]:
    """Yield the paths of all files of these folders, relative to the repository, in a fixed order."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT)


def content_hash(bundle: str, architecture: str) -> str:
    """Hash a bundle's packages, sources, architecture and builder."""
    digest = hashlib.sha256()
    for part in (PYTHON_VERSION, PLATFORMS[architecture], locked_requirements(bundle)):
        digest.update(part.encode() + b"\0")
    digest.update((ROOT / "cdk/bundling/bundle.py").read_bytes() + b"\0")
    for path in source_files(BUNDLES[bundle]):
        digest.update(str(path).encode() + b"\0" + (ROOT / path).read_bytes() + b"\0")
    return digest.hexdigest()
