"""Characters that cannot be seen or that turn the text around them, as marks that can be seen. Pure.

Ids and names come from files that anybody may send: with such characters two of them look alike, or one reads as
another (https://www.unicode.org/reports/tr36/).
"""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

# Controls but tab and line breaks, format characters (bidi, zero width, tags), line and paragraph separators, variation
# selectors, and letters that have no shape. A test compares the first three with Unicode's categories.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Where writing needs them, and they can be seen: a joiner that parts or binds letters of Persian or of Indian scripts
# (RFC 5892, A.1 and A.2), and what makes a picture of a symbol, or one of several.
_PICTURE = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_JOINS_ON = (
    "\u0626\u0628\u062a-\u062e\u0633-\u063f\u0641-\u0647\u0649\u064a\u0678-\u0687\u069a-\u06bf\u06c1\u06c2\u06cc\u06ce"
    "\u06d0"
)
_VIRAMA = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca"
_NEEDED = re.compile(
    f"(?<=[{_JOINS_ON}])\u200c(?=[\u0622-\u063f\u0641-\u064a\u0671-\u0673\u0678-\u06d3])"
    f"|(?<=[{_VIRAMA}])[\u200c\u200d](?=[\u0904-\u0dff])"
    f"|(?<=[{_PICTURE}])\ufe0f|(?<=[0-9#*])\ufe0f(?=\u20e3)"
    f"|(?<=[{_PICTURE}\ufe0f])\u200d(?=[{_PICTURE}])"
)


def show_invisible(value: Any) -> Any:
    """Write each such character of a text as ``[U+202E]``, unless writing needs it there.

    HTML and other values stay as they are.
    """
    if not isinstance(value, str) or isinstance(value, Markup) or (value.isascii() and value.isprintable()):
        return value
    return INVISIBLE.sub(lambda match: _mark(match, value), value)


def _mark(match: re.Match[str], text: str) -> str:
    return match[0] if _NEEDED.match(text, match.start()) else f"[U+{ord(match[0]):04X}]"


def exact(value: Any) -> Markup:
    """Keep a text exactly, escaped: for what comes back from a form, or goes into the clipboard."""
    return escape(value)
