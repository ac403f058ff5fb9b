"""Marked places in torn JSON: a model's output that ran out, a comma too many."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

_KEY: Final = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*')
_decoder: Final = json.JSONDecoder(strict=False)


def torn(text: str, path: tuple[str, ...], mask: Callable[[Any], Any]) -> str:
    """Return ``text`` with what follows the last key that ``path`` names masked, at any depth.

    Where a value has no end, all that is left of the text is taken for it.
    """
    key = next((part for part in reversed(path) if not part.isdigit() and part.strip("*")), None)
    if key is None:
        return text[0] + _open(mask(text[1:]))
    pieces, at = [], 0
    while found := _KEY.search(text, at):
        pieces.append(text[at : found.end()])
        at = found.end()
        if fnmatchcase(found[1], key):
            try:
                value, at = _decoder.raw_decode(text, at)
            except (ValueError, RecursionError):
                rest = text[at:].removeprefix('"')
                return "".join((*pieces, _open(mask(rest)) if rest else text[at:]))
            pieces.append(json.dumps(mask(value), ensure_ascii=False))
    return "".join((*pieces, text[at:]))


def _open(value: Any) -> str:
    """Return the JSON of a text without its end: what was no JSON stays none."""
    return json.dumps(str(value), ensure_ascii=False)[:-1]
