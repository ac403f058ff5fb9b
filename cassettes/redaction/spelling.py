"""JSON inside texts: written again in the spelling that it had."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

_SPELLINGS: Final[tuple[Callable[[Any], str], ...]] = tuple(
    json.JSONEncoder(ensure_ascii=is_ascii, separators=separators, indent=indent).encode
    for indent, separators in (
        (None, (",", ":")),
        (None, (", ", ": ")),
        (2, (",", ": ")),
        (4, (",", ": ")),
        (1, (",", ": ")),
    )
    for is_ascii in (False, True)
)


def spelled_as(text: str, parsed: Any, redacted: Any) -> str:
    """Return ``redacted`` as JSON in the spelling that ``text`` has of ``parsed``."""
    body = text.rstrip()
    for spell in _SPELLINGS:
        if spell(parsed) == body:
            return spell(redacted) + text[len(body) :]
    return _SPELLINGS[2 if '": ' in text else 0](redacted) + text[len(body) :]
