"""What goes into a Lambda's zip, and when it is built again."""

import hashlib
import importlib.util
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdk import bundling, sources
from cdk.local import emulator
from cdk.local.deploy import local_context
from tests.infra.stacks import only

ARCHITECTURE = str(local_context()["architecture"])


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the processor's bundle for this machine."""
    target = tmp_path_factory.mktemp("bundle")
    bundling.build(target, "processor", ARCHITECTURE)
    return target


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and digest of each file."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()


def test_bundle_holds_our_source_and_its_packages(bundle: Path) -> None:
    """What the handler imports is there."""
    assert (bundle / "processor/handler.py").is_file()
    assert (bundle / "aws_lambda_powertools").is_dir()


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
    bundling.build(tmp_path, "processor", ARCHITECTURE)

    assert dict(files(tmp_path)) == dict(files(bundle))


def test_handler_is_imported_from_the_bundle_alone(bundle: Path) -> None:
    """Every package that it needs is in the bundle or in Lambda's runtime."""
    code = f"import sys; sys.path.insert(0, {str(bundle)!r}); import processor.handler as h; print(h.__file__)"
    told = only("AWS::Lambda::Function")["Environment"]["Variables"]
    env = {name: value if isinstance(value, str) else "deployed" for name, value in told.items()}
    emulator.install()

    done = subprocess.run(
        [str(emulator.PYTHON), "-I", "-c", code],
        env=env | {"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == str(bundle / "processor/handler.py"), done.stderr


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the digest look at a repository of one small file."""
    (tmp_path / "processor").mkdir()
    (tmp_path / "cdk").mkdir()
    (tmp_path / "cdk/bundling.py").write_text("builder")
    (tmp_path / "processor/handler.py").write_text("one")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    monkeypatch.setattr(sources, "locked_requirements", lambda _group: "powertools==1")
    return tmp_path


def test_digest_stays_while_nothing_changes(repository: Path) -> None:
    """Byte code that a test run leaves behind is no change."""
    before = sources.content_hash("processor", "arm64")
    (repository / "processor/__pycache__").mkdir()
    (repository / "processor/__pycache__/handler.pyc").write_text("cache")

    assert sources.content_hash("processor", "arm64") == before


@pytest.mark.parametrize("changed", ["processor/handler.py", "processor/rows.py", "cdk/bundling.py"])
def test_digest_changes_with_sources_and_builder(repository: Path, changed: str) -> None:
    """Whatever goes into the zip makes another one."""
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
    (repository / "processor/rows.py").write_text("def (")
    monkeypatch.setattr(bundling, "ROOT", repository)
    monkeypatch.setattr(bundling, "uv", lambda *_: "")
    monkeypatch.setattr(bundling, "locked_requirements", lambda _group: "")

    with pytest.raises(sources.BundlingError, match=r"processor/rows\.py does not compile"):
        bundling.build(repository / "out", "processor", "arm64")
