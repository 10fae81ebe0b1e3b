"""Guards cells of a CSV that people open in a spreadsheet against being run as formulas, and takes the guard off. Pure.

A spreadsheet runs a cell such as ``=HYPERLINK(…)``. It may also split a cell of ours, as its list separator need not be
the comma: in ``x;=1+1`` the second cell is a formula. An apostrophe in front makes it text
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

import re
from functools import cache

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212"
"""With the fullwidth and small forms, which spreadsheets in Asian languages treat alike."""
_BREAKS = "\t\n\r"
_SEPARATORS = f";,|{_BREAKS}\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
# Whatever a spreadsheet may leave out before the sign: spaces, quotes, what cannot be seen. Not the separators.
_IGNORED = " \"'\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\xa0\xad\u1680\u2000-\u200f\u202a-\u202f\u205f-\u2069\u3000\ufeff"
_START = f"(?:\\A|(?<=[{_SEPARATORS}]))"
_FORMULA = f"(?=[{_IGNORED}]*[{_SIGNS}])"
_BREAK_IN_FRONT = f"(?=[{_IGNORED}]*[{_BREAKS}])"
# Strings, compiled at their first use: most files have no cell to guard.
# Each of these characters is also the first to be looked for: in most texts there is none, or a letter before it.
_SUSPECT = f"(?s:[{_SIGNS}{_BREAKS}](?<![^{_SEPARATORS}{_IGNORED}].))"
_UNGUARDED = f"{_START}{_FORMULA}|\\A{_BREAK_IN_FRONT}"
_GUARDED = f"{_START}'{_FORMULA}|\\A'{_BREAK_IN_FRONT}"


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(_SUSPECT), re.compile(_UNGUARDED)


def guard_cell(text: str) -> str:
    """Put an apostrophe before each part of a cell that a spreadsheet could take for a formula."""
    suspect, unguarded = _patterns()
    return unguarded.sub("'", text) if suspect.search(text) else text


def needs_no_guard(row: str) -> bool:
    """Tell whether :func:`guard_cell` would change neither this text nor any part of it between two separators."""
    suspect, _ = _patterns()
    return not suspect.search(row)


def unguard_cell(text: str) -> str:
    """Return the text that :func:`guard_cell` was given: apostrophes of its own come back, too."""
    return re.sub(_GUARDED, "", text) if "'" in text else text
