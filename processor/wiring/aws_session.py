"""A session of the AWS SDK that is ready sooner: half of the CPU of a first client goes where nothing is to be found.

botocore looks into the folders of its four hundred services before it loads one of them, and reads its models into
ordered dictionaries, which plain ones are as well since Python 3.7.
"""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.loaders import JSONFileLoader, Loader

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Models(Loader):
    """Loads the models of some services; others are unknown to it."""

    def __init__(self, services: Sequence[str]) -> None:
        super().__init__(file_loader=_PlainJson())
        self._services = list(services)

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002  Of any type.
        """List the services without looking for them; of models, paginators and whatever else alike."""
        return self._services


class _PlainJson(JSONFileLoader):
    def load_file(self, file_path: str) -> Any:
        """Read a file of botocore's data, given without its ending; None if there is none."""
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            with suppress(FileNotFoundError), opened(file_path + ending, "rb") as file:
                return json.load(file)
        return None


def session_of(*services: str) -> botocore.session.Session:
    """Return a session for clients of these services, by their names in boto3.

    A client of any other raises :class:`botocore.exceptions.UnknownServiceError`.
    """
    session = botocore.session.get_session()
    session.register_component("data_loader", _Models(services))
    return session
