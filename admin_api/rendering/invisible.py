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


def show_invisible(value: Any) -> Any:
    """Write each such character of a text as ``[U+202E]``; HTML and other values stay as they are."""
    if not isinstance(value, str) or isinstance(value, Markup) or (value.isascii() and value.isprintable()):
        return value
    return INVISIBLE.sub(lambda match: f"[U+{ord(match[0]):04X}]", value)


def exact(value: Any) -> Markup:
    """Keep a text exactly, escaped: for what comes back from a form, or goes into the clipboard."""
    return escape(value)
