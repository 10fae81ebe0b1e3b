"""The contents of the bundles, and when they are built again."""

import hashlib
import importlib.util
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cdk.bundling import bundle as bundling
from cdk.bundling import sources
from cdk.local import emulator
from cdk.local.deploy import local_context
from tests.infra.stacks import named

ARCHITECTURE = str(local_context()["architecture"])


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build every bundle for this machine, each in a folder of its name."""
    targets = {name: tmp_path_factory.mktemp("bundle") / name for name in sources.BUNDLES}
    for name, target in targets.items():
        bundling.build(target, name, ARCHITECTURE)
    return targets


@pytest.fixture(params=sources.BUNDLES)
def bundle(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Path:
    """Provide each bundle in turn."""
    return bundles[request.param]


class Secrets(BaseHTTPRequestHandler):
    """Answers the call that a function makes while it starts, for the session's key."""

    def do_POST(self) -> None:
        """Give a secret."""
        body = b'{"SecretString": "of-at-least-thirty-two-characters-as-deployed"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  As in the standard library.
        """Keep the test's output for what went wrong."""


@pytest.fixture
def started_with() -> Iterator[dict[str, str]]:
    """Return Lambda's own variables, and the address of an AWS that answers."""
    emulator.install()
    with ThreadingHTTPServer((emulator.HOST, 0), Secrets) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "deployed",
            "AWS_SECRET_ACCESS_KEY": "deployed",
            "AWS_ENDPOINT_URL": f"http://{emulator.HOST}:{server.server_port}",
        }
        server.shutdown()


def files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and digest of each file."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()


def test_bundle_holds_our_source_and_its_packages(bundle: Path) -> None:
    """All that the handler imports is there."""
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
    bundling.build(tmp_path, bundle.name, ARCHITECTURE)

    assert dict(files(tmp_path)) == dict(files(bundle))


def test_the_consoles_pages_are_in_its_bundle_only(bundle: Path) -> None:
    """Templates and static files are data beside the code; the processor answers no browser."""
    expected = bundle.name == "console"

    assert (bundle / "templates/base.html").is_file() is expected
    assert (bundle / "admin_api/static").is_dir() is expected


@pytest.mark.parametrize(
    ("function", "name"), [("Processor", "processor"), ("ConsoleWeb", "console"), ("ConsoleWorker", "console")]
)
def test_handler_is_imported_from_its_bundle_alone(
    function: str, name: str, bundles: dict[str, Path], started_with: dict[str, str]
) -> None:
    """Every package that it needs is in the bundle or in Lambda's runtime."""
    properties, bundle = named("AWS::Lambda::Function", function), bundles[name]
    module = properties["Handler"].rpartition(".")[0]
    code = f"import sys; sys.path.insert(0, {str(bundle)!r}); import {module} as h; print(h.__file__)"
    told = properties["Environment"]["Variables"]
    env = {name: value if isinstance(value, str) else "deployed" for name, value in told.items()}

    done = subprocess.run(
        [str(emulator.PYTHON), "-I", "-c", code],
        env=env | started_with,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == str(bundle / f"{module.replace('.', '/')}.py"), done.stderr


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
