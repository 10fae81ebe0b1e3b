"""The shortcut into botocore's models leads to what botocore itself would load, and may fail without harm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import JSONFileLoader, Loader

from processor.wiring.aws_session import LazyClient, session_of

if TYPE_CHECKING:
    from botocore.session import Session

SERVICES = ("s3", "dynamodb", "sqs")


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients be made."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def loader_of(session: Session) -> Any:
    """Return what loads a session's models."""
    return session.get_component("data_loader")


@pytest.mark.parametrize("service", SERVICES)
def test_models_are_those_of_botocore(service: str) -> None:
    """The same version of the same model, whichever way it is loaded: fails if botocore's innards change."""
    ours, theirs = loader_of(session_of(*SERVICES)), Loader()

    assert ours.load_service_model(service, "service-2") == theirs.load_service_model(service, "service-2")


def test_the_shortcut_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first client looks into its own service's folder alone: fails if botocore no longer asks our loader."""
    session = session_of(*SERVICES)
    folders: list[str] = []
    list_folder = os.listdir

    def recording(path: str) -> list[str]:
        folders.append(Path(path).name)
        return list_folder(path)

    monkeypatch.setattr(os, "listdir", recording)

    client = session.create_client("dynamodb")

    assert client.meta.service_model.service_name == "dynamodb"
    assert set(folders) == {"dynamodb"}


def test_other_services_are_unknown() -> None:
    """A service that was not named is refused at once."""
    with pytest.raises(UnknownServiceError):
        session_of(*SERVICES).create_client("ec2")


@pytest.mark.parametrize(
    ("owner", "method"),
    [(Loader, "list_api_versions"), (Loader, "load_data"), (JSONFileLoader, "exists"), (Loader, "__init__")],
)
def test_session_is_an_ordinary_one_where_the_shortcut_fails(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str
) -> None:
    """A botocore that works otherwise costs time, and no function."""
    with monkeypatch.context() as patch:
        patch.setattr(owner, method, lambda *_: None)
        session = session_of(*SERVICES)

    assert type(loader_of(session)) is Loader
    assert session.create_client("sqs").meta.service_model.service_name == "sqs"


def test_lazy_client_is_made_once_and_when_it_is_used() -> None:
    """Most runs need no SNS and no SQS, and pay for no client of them."""
    clients: list[str] = []

    def make() -> str:
        clients.append("client")
        return clients[-1]

    lazy = LazyClient(make)

    assert clients == []
    assert (lazy.upper(), lazy.title()) == ("CLIENT", "Client")
    assert clients == ["client"]
