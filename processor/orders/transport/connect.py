"""Builds the pooled sender from botocore's endpoint, credentials and CA bundle."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from processor.orders.transport.http_connection import Address
from processor.orders.transport.pooled_sender import PooledSender
from processor.orders.transport.sigv4 import RequestSigner

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session
    from mypy_boto3_dynamodb import DynamoDBClient


def fast_sender(
    session: Session, client: DynamoDBClient, table: str, answered: Callable[[dict[str, Any]], None]
) -> PooledSender | None:
    """Build the sender for the endpoint of ``client``; None behind a proxy, which only botocore can handle.

    ``session`` made the client. ``answered`` is called with every answer that is not an error.
    """
    url = client.meta.endpoint_url
    credentials = session.get_credentials()
    if get_environ_proxies(url) or credentials is None:
        return None
    parts = urlsplit(url)
    tls = None
    if parts.scheme == "https":
        tls = ssl.create_default_context(cafile=get_cert_path(session.get_config_variable("ca_bundle") or True))
    address = Address(parts.hostname or "", parts.port or (443 if tls else 80), tls)
    # The signer asks for credentials every second, so that botocore refreshes them before they expire.
    signer = RequestSigner(parts.netloc, client.meta.region_name, credentials.get_frozen_credentials)
    return PooledSender(address, signer, table, answered)
