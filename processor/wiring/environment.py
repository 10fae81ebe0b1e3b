"""Reads settings from environment variables, by the fields of the class that declares them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

type BaseUrl = str
"""An address without a slash at its end."""

_READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    BaseUrl: lambda text: text.rstrip("/"),
    tuple[int, ...]: lambda text: tuple(map(int, text.split(","))),
    tuple[str, ...]: lambda text: tuple(part for part in text.split(",") if part),
}


def read_settings[T](shape: Callable[..., T], environ: Mapping[str, str]) -> T:
    """Fill a named tuple or dataclass; each field is the environment variable of its name in upper case.

    Raises KeyError for a missing variable, ValueError for text that is not a number, and KeyError for a field of a
    type that has no reader here.
    """
    readers = {name: _READERS[kind] for name, kind in get_type_hints(shape).items()}
    return shape(**{name: read(environ[name.upper()]) for name, read in readers.items()})
