"""Builds a function's bundle without Docker: locked packages for its architecture, our sources, and byte code.

CDK builds only when the hash changes. Its own hash covers the source folder alone, so a change of the lock file would
leave a stale bundle; ours covers everything in the bundle.
"""

import compileall
import shutil
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from cdk.bundling.sources import (
    BUNDLES,
    PLATFORMS,
    PYTHON_VERSION,
    ROOT,
    BundlingError,
    content_hash,
    locked_requirements,
    source_files,
    uv,
)


def build(target: Path, bundle: str, architecture: str) -> None:
    """Fill the target folder with the packages of a group, our sources, and the byte code of both."""
    target.mkdir(parents=True, exist_ok=True)
    requirements = target / "requirements.txt"
    requirements.write_text(locked_requirements(bundle))
    options = ["--no-deps", "--require-hashes", "--no-installer-metadata", "--only-binary", ":all:", "--quiet"]
    platform = ["--python-platform", PLATFORMS[architecture], "--python-version", PYTHON_VERSION]
    uv("pip", "install", *options, *platform, "--target", str(target), "--requirement", str(requirements))
    requirements.unlink()
    (target / ".lock").unlink(missing_ok=True)
    shutil.rmtree(target / "bin", ignore_errors=True)
    for path in source_files(BUNDLES[bundle]):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target / path)
    _compile(target, bundle)


def _compile(target: Path, bundle: str) -> None:
    """Add byte code that Python does not check against its source.

    CDK gives every file of a zip the same time, so checked byte code would be compiled again at each cold start.
    Stripping the folder keeps this machine's paths out of the bundle.
    """
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    # A package may hold a file for another Python; all of ours must compile.
    compileall.compile_dir(target, quiet=2, stripdir=str(target), invalidation_mode=unchecked)
    for path in source_files(BUNDLES[bundle]):
        if path.suffix == ".py" and not Path(cache_from_source(str(target / path))).exists():
            raise BundlingError(f"{path} does not compile.")


@jsii.implements(ILocalBundling)
class LocalBundling:
    """The builder that CDK calls instead of starting a Docker image."""

    def __init__(self, bundle: str, architecture: str) -> None:
        self.bundle = bundle
        self.architecture = architecture

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        """Build into CDK's folder and return true; errors pass through to the terminal."""
        build(Path(output_dir), self.bundle, self.architecture)
        return True


def bundled_code(bundle: str, *, architecture: str) -> lambda_.Code:
    """Return the code of one of BUNDLES for an architecture."""
    return lambda_.Code.from_asset(
        str(ROOT / BUNDLES[bundle][0]),
        asset_hash=content_hash(bundle, architecture),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("never-pulled"),
            local=LocalBundling(bundle, architecture),
        ),
    )
