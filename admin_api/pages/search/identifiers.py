"""Recognises identifiers in a searched text by their form. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from processor.domain.actions import is_action_id
from processor.domain.object_keys import INBOX

_FILE_ID = re.compile(r"[0-9a-f]{24}")
_RUN_ID = re.compile(r"[0-9a-f]{16}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TRACE_ID = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_SETTLED_KEY = re.compile(r"(?:processed-data|failed-data|archive)/\d{4}/\d{2}/\d{2}/([0-9a-f]{24})/")
_AROUND = "\"'`<>()[]{},; \t\r\n"
"""Characters copied along with an id from a sentence, a log line or code."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A text, and the identifiers that it may be by its form; it may also be an order id, a customer or a file name."""

    text: str
    file_id: str = ""
    run_id: str = ""
    uuid: str = ""
    """A message id of SQS or a request id of Lambda, which look alike."""
    trace_id: str = ""
    action_id: str = ""
    object_key: str = ""
    """A key in the inbox; a settled object's key yields its ``file_id`` instead."""

    @classmethod
    def from_text(cls, text: str) -> Identifier:
        """Recognise a text."""
        bare = text.strip(_AROUND)
        lower = bare.lower()
        key = bare.split("/", 3)[-1] if lower.startswith("s3://") and bare.count("/") > 2 else bare
        settled = _SETTLED_KEY.match(key)
        root = re.search(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})", bare)
        return cls(
            text=text.strip(),
            file_id=settled[1] if settled else _whole(_FILE_ID, lower),
            run_id=_whole(_RUN_ID, lower),
            uuid=_whole(_UUID, lower),
            trace_id=root[1] if root else _whole(_TRACE_ID, lower),
            action_id=bare if is_action_id(bare) else "",
            object_key=key if key.startswith(INBOX) and len(key) > len(INBOX) else "",
        )


def _whole(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""
