"""The bundles, unpacked once; the SDKs that a runtime may bring; and an AWS that answers."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from cdk.bundling import bundle as bundling
from cdk.bundling import sources
from cdk.local.deploy import local_context
from tests.runtime.cloud import REGION, Cloud
from tests.runtime.functions import BUNDLE_OF, Function

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SDK = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
OLDER = Path(__file__).with_name("older-sdk.txt")


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build every bundle for this machine, each in a folder of its name."""
    targets = {name: tmp_path_factory.mktemp("bundle") / name for name in sources.BUNDLES}
    for name, target in targets.items():
        bundling.build(target, name, str(local_context()["architecture"]))
    return targets


@pytest.fixture(scope="session")
def newest_sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the locked SDK alone, apart from the packages that lie beside it."""
    folder = tmp_path_factory.mktemp("newest-sdk")
    for name in SDK:
        package = distribution(name)
        for part in {file.parts[0] for file in package.files or () if file.parts[0] != ".."}:
            (folder / part).symlink_to(str(package.locate_file(part)))
    return folder


@pytest.fixture(scope="session")
def older_sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the SDK that a runtime may still bring."""
    folder = tmp_path_factory.mktemp("older-sdk")
    sources.uv("pip", "install", "--require-hashes", "--quiet", "--target", str(folder), "--requirement", str(OLDER))
    return folder


@pytest.fixture(params=["older_sdk", "newest_sdk"])
def sdk(request: pytest.FixtureRequest) -> Path:
    """Provide each SDK in turn."""
    folder: Path = request.getfixturevalue(request.param)
    return folder


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """Provide the stack's stores and queues on moto's server."""
    with Cloud() as cloud:
        yield cloud


class Start(Protocol):
    """Builds a function of the stack that is connected to the cloud."""

    def __call__(
        self, name: str, sdk: Path, *, probe: str = "", context: Mapping[str, object] | None = None, **environment: str
    ) -> Function:
        """Build the function, from the template of this context; a probe takes the place of its handler."""


@pytest.fixture
def start(cloud: Cloud, bundles: dict[str, Path]) -> Start:
    """Connect functions to the cloud."""

    def build(
        name: str, sdk: Path, *, probe: str = "", context: Mapping[str, object] | None = None, **environment: str
    ) -> Function:
        return Function(
            name,
            bundle=bundles[BUNDLE_OF[name]],
            sdk=sdk,
            resolve=cloud.resolve,
            region=REGION,
            probe=probe_path(probe) if probe else None,
            context=context,
            AWS_ENDPOINT_URL=cloud.endpoint,
            **environment,
        )

    return build


def probe_path(name: str) -> Path:
    """Return the file of a probe."""
    return Path(__file__).with_name("probes") / f"{name}.py"
