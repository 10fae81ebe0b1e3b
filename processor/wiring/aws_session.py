"""The AWS SDK, ready sooner: a session that searches no folders, and clients that are made when they are first used.

Half of the CPU of a first client goes where nothing is to be found: botocore looks into the folders of its four hundred
services before it loads one of them, and reads its models into ordered dictionaries, which plain ones are as well since
Python 3.7. The shortcut rests on how botocore's loader uses its own methods, and Lambda's runtime may bring a newer
botocore than the tests have seen: where the shortcut does not work, the session is an ordinary one.
"""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.exceptions import BotoCoreError
from botocore.loaders import JSONFileLoader, Loader

from processor.observability.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class _Models(Loader):
    """Loads the models of some services; others are unknown to it."""

    def __init__(self, services: Sequence[str]) -> None:
        super().__init__(file_loader=_PlainJson())
        self._services = list(services)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  Of any type.
        """List the services without searching folders, the same ones for models, paginators and all other types."""
        return self._services

    def prove(self) -> None:
        """Raise an error if botocore's loader no longer works as expected; reads nothing that no client needs."""
        self.determine_latest_version(self._services[0], "service-2")
        if not self.load_data("partitions")["partitions"]:
            raise TypeError("botocore's data has another form")


class _PlainJson(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        """Read a file of botocore's data, given without its ending; None if there is none."""
        for ending, open_file in ((".json", open), (".json.gz", gzip.open)):
            with suppress(FileNotFoundError), open_file(file_path + ending, "rb") as file:
                return json.load(file)
        return None


def session_of(*services: str) -> botocore.session.Session:
    """Return a session for clients of these services, by their names in boto3.

    A client of any other raises :class:`botocore.exceptions.UnknownServiceError`.
    """
    session = botocore.session.get_session()
    try:
        models = _Models(services)
        models.prove()
    except (BotoCoreError, AttributeError, LookupError, OSError, TypeError):
        logger.warning("session_shortcut_failed", exc_info=True)
    else:
        session.register_component("data_loader", models)
    return session


class LazyClient:
    """A client that is made when it is first used, as most runs never need it.

    Making one costs as much CPU as storing a thousand rows.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _client(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)
