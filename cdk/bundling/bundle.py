"""Build a Lambda's code on this machine, without Docker: locked packages for its architecture, and our source.

The hash decides whether CDK builds at all. CDK's own looks at the source folder only and would serve a stale bundle
after a change of the lock file, so the hash given here covers everything that ends up in the bundle.
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
    """Fill the target folder with the packages of a group, our own sources, and their byte code."""
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
    """Add byte code that Lambda takes as it is.

    CDK gives every file of a zip the same time, so byte code that is checked against its source's time would be made
    again at each cold start. Stripping the folder keeps this machine's paths out of the bundle.
    """
    unchecked = PycInvalidationMode.UNCHECKED_HASH
    # A package may carry a file for another Python; one of ours has to compile.
    compileall.compile_dir(target, quiet=2, stripdir=str(target), invalidation_mode=unchecked)
    for path in source_files(BUNDLES[bundle]):
        if path.suffix == ".py" and not Path(cache_from_source(str(target / path))).exists():
            raise BundlingError(f"{path} does not compile.")


@jsii.implements(ILocalBundling)
class LocalBundling:
    """Build in place of the Docker image that CDK would start."""

    def __init__(self, bundle: str, architecture: str) -> None:
        self.bundle = bundle
        self.architecture = architecture

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        """Build into CDK's folder, and say that it is done; errors pass through to the person at the screen."""
        build(Path(output_dir), self.bundle, self.architecture)
        return True


def bundled_code(bundle: str, *, architecture: str) -> lambda_.Code:
    """Return the code of a function: one of BUNDLES, for one architecture."""
    return lambda_.Code.from_asset(
        str(ROOT / BUNDLES[bundle][0]),
        asset_hash=content_hash(bundle, architecture),
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(
            image=DockerImage.from_registry("never-pulled"),
            local=LocalBundling(bundle, architecture),
        ),
    )
