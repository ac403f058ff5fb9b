"""What tells that an agent had no such tool: more than a name missing from its prompt's toolset.

Toolsets are shown in parts, or later, and a tool that was never shown and still answered is a tool.
"""

from __future__ import annotations

import re
from typing import Final

_TEXT_SIZE_MAX: Final = 500
"""An apology is short; a long text that has the words in it is an answer."""

_WORDS: Final = re.compile(
    r"unknown (action|tool|function)|no (such )?(tool|function|action)\b"
    r"|not an? (valid|known|registered) (tool|function|action)\b"
    r"|\b(tool|function|action)\b.{0,80}(not found|not available|(does not|doesn't) exist)",
    re.IGNORECASE | re.DOTALL,
)


_LOOKED_UP: Final = re.compile(r"\bKeyError\b.{0,4}(['\"])(?P<key>[^'\"]+)\1\)?\s*$", re.DOTALL)
"""How Python says it, where an agent keeps its tools in a dict."""


def says_unknown(text: str | None, is_error: bool | None, tool: str | None = None) -> bool:
    """Return whether an answer is marked as an error, or says that there is no ``tool``."""
    if is_error is not None:
        return is_error
    text = text or ""
    if len(text) >= _TEXT_SIZE_MAX:
        return False
    looked_up = _LOOKED_UP.search(text)
    return bool(_WORDS.search(text)) or (looked_up is not None and looked_up["key"] == tool)
