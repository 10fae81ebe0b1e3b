"""A class of settings is filled from the variables that its fields name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pytest

from processor.wiring.environment import BaseUrl, read_settings

VARIABLES = {"NAME": "a,b", "NUMBER": "7", "URL": "https://x.test/", "WAITS": "1,20", "WORDS": "a,,b", "OTHER": "z"}


class AsTuple(NamedTuple):
    """Settings as a named tuple."""

    name: str
    number: int
    url: BaseUrl
    waits: tuple[int, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AsDataclass:
    """The same settings as a dataclass."""

    name: str
    number: int
    url: BaseUrl
    waits: tuple[int, ...]
    words: tuple[str, ...]


@pytest.mark.parametrize("shape", [AsTuple, AsDataclass])
def test_every_field_is_read_by_its_type(shape: type[AsTuple | AsDataclass]) -> None:
    """Text, numbers, addresses and lists; other variables are ignored."""
    settings = read_settings(shape, VARIABLES)

    assert settings == shape("a,b", 7, "https://x.test", (1, 20), ("a", "b"))


def test_field_of_another_type_is_refused() -> None:
    """A type that nobody can read is noticed when the function starts."""

    class Odd(NamedTuple):
        ratio: float

    with pytest.raises(KeyError, match="float"):
        read_settings(Odd, {"RATIO": "0.5"})
