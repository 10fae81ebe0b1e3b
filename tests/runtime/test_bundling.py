"""The contents of the bundles, and when they are built again."""

import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk.bundling import bundle as bundling
from cdk.bundling import sources
from cdk.local.deploy import local_context

ARCHITECTURE = str(local_context()["architecture"])


@pytest.fixture(params=sources.BUNDLES)
def bundle(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Path:
    """Provide each bundle in turn."""
    return bundles[request.param]


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and digest of each file."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()


def test_bundle_holds_our_source_and_its_packages(bundle: Path) -> None:
    """All that the handler imports is there."""
    assert (bundle / "processor/handler.py").is_file()
    assert (bundle / "aws_lambda_powertools").is_dir()


def test_lambda_takes_the_bundle(bundle: Path) -> None:
    """Lambda unpacks at most 250 MB, layers included; the bundles stay far below it, as each cold start loads them."""
    sizes = [path.stat().st_size for path in bundle.rglob("*") if path.is_file()]

    assert sum(sizes) < 100_000_000
    assert len(sizes) < 10_000


def test_bundle_leaves_out_what_the_runtime_brings(bundle: Path) -> None:
    """The SDK is in Lambda's runtime, and would be nine tenths of the zip."""
    assert not [name for name in ("boto3", "botocore", "s3transfer", "urllib3") if (bundle / name).exists()]


def test_bundle_holds_nothing_of_this_machine(bundle: Path) -> None:
    """No scripts, no installer's traces, no paths."""
    names = {path.name for path in bundle.iterdir()}

    assert not names & {"bin", "requirements.txt", ".lock"}
    assert not [path for path in bundle.rglob("*.pyc") if str(bundle).encode() in path.read_bytes()]


def test_byte_code_is_taken_unchecked(bundle: Path) -> None:
    """CDK sets every time in a zip to the same moment, so byte code tied to a time would be made at each start."""
    compiled = Path(importlib.util.cache_from_source(str(bundle / "processor/__init__.py")))

    flags = int.from_bytes(compiled.read_bytes()[4:8], "little")

    assert flags == 0b01, "hash-based, and not checked against the source"


def test_same_source_makes_the_same_bundle(bundle: Path, tmp_path: Path) -> None:
    """A second build differs in no byte, so nothing is deployed again without a reason."""
    bundling.build(tmp_path, bundle.name, ARCHITECTURE)

    assert dict(files(tmp_path)) == dict(files(bundle))


def test_the_consoles_pages_are_in_its_bundle_only(bundle: Path) -> None:
    """Templates and static files are data beside the code; the processor answers no browser."""
    expected = bundle.name == "console"

    assert (bundle / "templates/base.html").is_file() is expected
    assert (bundle / "admin_api/static").is_dir() is expected


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the digest look at a repository of one small file."""
    (tmp_path / "processor/parsing").mkdir(parents=True)
    (tmp_path / "cdk/bundling").mkdir(parents=True)
    (tmp_path / "cdk/bundling/bundle.py").write_text("builder")
    (tmp_path / "processor/handler.py").write_text("one")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    monkeypatch.setattr(sources, "locked_requirements", lambda _group: "powertools==1")
    return tmp_path


def test_digest_stays_while_nothing_changes(repository: Path) -> None:
    """Byte code that a test run leaves behind does not count as a change."""
    before = sources.content_hash("processor", "arm64")
    (repository / "processor/__pycache__").mkdir()
    (repository / "processor/__pycache__/handler.pyc").write_text("cache")

    assert sources.content_hash("processor", "arm64") == before


@pytest.mark.parametrize("changed", ["processor/handler.py", "processor/parsing/reader.py", "cdk/bundling/bundle.py"])
def test_digest_changes_with_sources_and_builder(repository: Path, changed: str) -> None:
    """A change of anything in the zip changes the digest."""
    before = sources.content_hash("processor", "arm64")
    (repository / changed).write_text("two")

    assert sources.content_hash("processor", "arm64") != before


def test_digest_changes_with_locked_packages(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CDK's own digest would miss it and deploy a stale bundle."""
    before = sources.content_hash("processor", "arm64")
    monkeypatch.setattr(sources, "locked_requirements", lambda _group: "powertools==2")

    assert sources.content_hash("processor", "arm64") != before


def test_digest_changes_with_architecture(repository: Path) -> None:
    """Packages with compiled parts are another file for another processor."""
    assert sources.content_hash("processor", "arm64") != sources.content_hash("processor", "x86_64")


def test_source_that_does_not_compile_is_named(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails here, with its name, and not at the first cold start."""
    (repository / "processor/parsing/reader.py").write_text("def (")
    monkeypatch.setattr(bundling, "ROOT", repository)
    monkeypatch.setattr(bundling, "uv", lambda *_: "")
    monkeypatch.setattr(bundling, "locked_requirements", lambda _group: "")

    with pytest.raises(sources.BundlingError, match=r"processor/parsing/reader\.py does not compile"):
        bundling.build(repository / "out", "processor", "arm64")
