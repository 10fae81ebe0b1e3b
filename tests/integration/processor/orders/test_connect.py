"""Our own connections go where botocore's would go, by the same credentials and the same trust, or not at all."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.httpsession import get_cert_path

from processor.orders.transport.connect import fast_sender
from tests.integration.stage import REGION

if TYPE_CHECKING:
    import pytest

    from processor.orders.transport.pooled_sender import PooledSender


def build_sender(monkeypatch: pytest.MonkeyPatch, url: str | None = None, **environment: str) -> PooledSender | None:
    """Build a pooled sender from a session of this environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    environment = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", **environment}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    session = botocore.session.get_session()
    client: Any = session.create_client("dynamodb", REGION, endpoint_url=url)
    return fast_sender(session, client, "orders", lambda _parsed: None)


def head_of(sender: PooledSender | None) -> bytes:
    """Return the head of a request that it would send."""
    assert sender is not None
    return sender._signer.head(b"{}")


def test_region_and_credentials_are_the_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host that is signed is the region's own, over TLS at its port."""
    sender = build_sender(monkeypatch, AWS_SESSION_TOKEN="tok")

    assert sender is not None
    assert (sender._address.host, sender._address.port) == (f"dynamodb.{REGION}.amazonaws.com", 443)
    head = head_of(sender).decode()
    assert f"host: dynamodb.{REGION}.amazonaws.com\r\n" in head
    assert "x-amz-security-token: tok\r\n" in head
    assert "Credential=AKID/" in head
    assert f"/{REGION}/dynamodb/aws4_request" in head


def test_trust_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates are verified against the SDK's own authorities, and host names, too."""
    sender = build_sender(monkeypatch)

    assert sender is not None
    tls = sender._address.tls
    assert tls is not None
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert tls.get_ca_certs()


def test_trust_follows_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """AWS_CA_BUNDLE replaces the authorities, here by one of them."""
    bundle = tmp_path / "ca.pem"
    text = Path(str(get_cert_path(True))).read_text()
    start = text.index("-----BEGIN CERTIFICATE-----")
    bundle.write_text(text[start : text.index("-----END CERTIFICATE-----", start)] + "-----END CERTIFICATE-----\n")

    sender = build_sender(monkeypatch, AWS_CA_BUNDLE=str(bundle))

    assert sender is not None
    assert sender._address.tls is not None
    assert len(sender._address.tls.get_ca_certs()) == 1


def test_port_of_an_emulator_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In plain text only where the endpoint says so."""
    sender = build_sender(monkeypatch, "http://localhost:4566")

    assert sender is not None
    assert (sender._address.host, sender._address.port, sender._address.tls) == ("localhost", 4566, None)
    assert b"host: localhost:4566\r\n" in head_of(sender)


def test_proxies_are_botocores_to_handle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy there is no pooled sender, and orders are sent by the client."""
    assert build_sender(monkeypatch, HTTPS_PROXY="http://proxy.example:3128") is None
    assert build_sender(monkeypatch, HTTPS_PROXY="http://proxy.example:3128", NO_PROXY="amazonaws.com") is not None
