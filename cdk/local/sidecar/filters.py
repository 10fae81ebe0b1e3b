"""X-Ray's filter expressions, as far as they concern a trace itself.

    annotation.file_id = "x" AND (fault OR responsetime > 5) AND NOT annotation[outcome] = "processed"

Keywords: ok, error, throttle, fault, partial (alone or compared with true and false), duration, responsetime,
service("name"), annotation.key, annotation[key]. Others are refused, not misread: edges, groups, users, HTTP,
root causes. https://docs.aws.amazon.com/xray/latest/devguide/xray-console-filters.html
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from cdk.local.sidecar.traces import Trace

    Test = Callable[[Trace], bool]

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<symbol>!=|<=|>=|[=<>()!])"""
    r"""|(?P<word>annotation\[[^\]]+\]|[A-Za-z_][\w.\-]*))"""
)
_FLAGS = ("ok", "error", "throttle", "fault", "partial")
_NUMBERS = ("duration", "responsetime")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "BEGINSWITH": lambda value, part: str(value).startswith(str(part)),
    "ENDSWITH": lambda value, part: str(value).endswith(str(part)),
    "CONTAINS": lambda value, part: str(part) in str(value),
}


class FilterError(ValueError):
    """The expression is wrong, or uses what this module does not support."""


def compile_filter(expression: str) -> Test:
    """Compile a filter expression to a test of a trace; an empty one passes every trace."""
    tokens = _tokens(expression)
    if not tokens:
        return lambda _trace: True
    parser = _Parser(tokens)
    test = parser.either()
    if parser.peek() is not None:
        raise FilterError(f"Not understood: {parser.peek()}")
    return test


def facts(trace: Trace) -> dict[str, Any]:
    """Return the values of the keywords for a trace. Error, fault and throttle are those of the root segment."""
    root = trace.root
    flags = {name: bool(root.get(name)) for name in ("error", "throttle", "fault")}
    return flags | {
        "ok": not any(flags.values()),
        "partial": trace.partial,
        "duration": trace.end - trace.start,
        "responsetime": float(root.get("end_time") or trace.end) - float(root["start_time"]),
    }


def _tokens(expression: str) -> list[str]:
    tokens, position = [], 0
    while expression[position:].strip():
        match = _TOKEN.match(expression, position)
        if match is None:
            raise FilterError(f"Not understood: {expression[position:].strip()}")
        tokens.append(match[0].strip())
        position = match.end()
    return tokens


class _Parser:
    """A recursive-descent parser: OR of AND of single tests."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._position = 0

    def peek(self) -> str | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _take(self, *expected: str) -> str:
        token = self.peek()
        if token is None or (expected and token.upper() not in expected):
            raise FilterError(f"Expected {' or '.join(expected) or 'more'}, found {token or 'the end'}")
        self._position += 1
        return token

    def _has(self, word: str) -> bool:
        token = self.peek()
        if token is not None and token.upper() == word:
            self._position += 1
            return True
        return False

    def either(self) -> Test:
        tests = [self._both()]
        while self._has("OR"):
            tests.append(self._both())
        return lambda trace: any(test(trace) for test in tests)

    def _both(self) -> Test:
        tests = [self._single()]
        while self._has("AND"):
            tests.append(self._single())
        return lambda trace: all(test(trace) for test in tests)

    def _single(self) -> Test:
        if self._has("NOT") or self._has("!"):
            inner = self._single()
            return lambda trace: not inner(trace)
        if self._has("("):
            inside = self.either()
            self._take(")")
            return inside
        return self._keyword(self._take())

    def _keyword(self, word: str) -> Test:
        if word in _FLAGS:
            compare, wanted = self._comparison() if self.peek() in ("=", "!=") else (operator.eq, True)
            return lambda trace: compare(facts(trace)[word], wanted)
        if word in _NUMBERS:
            compare, wanted = self._comparison()
            if not isinstance(wanted, float):
                raise FilterError(f"{word} is compared with numbers")
            return lambda trace: compare(facts(trace)[word], wanted)
        if word == "service" and self._has("("):
            name = _literal(self._take())
            self._take(")")
            return lambda trace: any(segment["name"] == name for segment in trace.segments)
        if match := re.fullmatch(r"annotation(?:\.([\w.\-]+)|\[([^\]]+)\])", word):
            key = match[1] or match[2]
            compare, wanted = self._comparison()
            return lambda trace: any(_compared(compare, value, wanted) for value in trace.annotations.get(key, ()))
        raise FilterError(f"Not understood: {word}")

    def _comparison(self) -> tuple[Callable[[Any, Any], bool], Any]:
        sign = self._take(*_COMPARE).upper()
        return _COMPARE[sign], _literal(self._take())


def _literal(token: str) -> str | float | bool:
    if token.startswith('"'):
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if token.lower() in ("true", "false"):
        return token.lower() == "true"
    try:
        return float(token)
    except ValueError as error:
        raise FilterError(f"Expected a value, found {token}") from error


def _compared(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    kind: type | tuple[type, ...] = type(wanted) if not isinstance(wanted, float) else (int, float)
    return isinstance(value, kind) and isinstance(value, bool) == isinstance(wanted, bool) and compare(value, wanted)
