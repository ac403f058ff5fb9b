"""What an error quotes of a call's arguments: so much that a model knows which is meant.

A quote is cut, and a part of a value that must not be stored has no form to be known by: who masks
a call makes its quotes anew (`cut_quotes`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

_LENGTH_MAX: Final = 60
_AROUND: Final = 20


def quoted(value: Any) -> str:
    """Return a value as an error quotes it, cut where it is long."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= _LENGTH_MAX else text[: _LENGTH_MAX - 3] + "..."


def quoted_place(raw: str, error: json.JSONDecodeError) -> str:
    """Return where ``raw`` stops being JSON, and what stands there, as the end of a sentence."""
    around = raw[max(0, error.pos - _AROUND) : error.pos + _AROUND]
    found = f"near {around!r}" if around else "the text ends there"
    if error.pos >= len(raw.rstrip()) or error.msg.startswith("Unterminated string"):
        found = f"the text seems cut off: it ends with {raw.rstrip()[-_AROUND:]!r}"
    return f"at character {error.pos + 1}; {found}"


def cut_quotes(raw: Any, masked: Any) -> Iterator[tuple[str, str]]:
    """Yield what the error of a tool call quotes, and what it would quote had it been masked.

    ``raw``, ``masked``: the ``error`` and ``arguments`` of the call, before and after.
    """
    (error, arguments), (masked_error, masked_arguments) = raw, masked
    if type(error) is not dict or type(masked_error) is not dict:
        return
    if error.get("stage") == "parse" and arguments != masked_arguments:
        places = _place(arguments), _place(masked_arguments)
        if places[0] and places[1] and places[0] != places[1]:
            yield places[0], places[1]
    details, masked_details = error.get("details"), masked_error.get("details")
    if type(details) is not list or type(masked_details) is not list:
        return
    for one, other in zip(details, masked_details, strict=False):
        if type(one) is dict and type(other) is dict and one.get("input") != other.get("input"):
            before = quoted(one.get("input"))
            if before.endswith("..."):
                yield before, quoted(other.get("input"))


def cut_ends(cuts: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the beginning and the end of quotes, where values are cut, and what stands for each.

    They have no quotation marks: these look otherwise in JSON.
    """
    for before, after in cuts:
        old, new = before.strip('"').split('"'), after.strip('"').split('"')
        for at in {0, len(old) - 1}:
            if old[at] not in after:
                yield old[at], new[0 if at == 0 else -1]


def _place(raw: Any) -> str | None:
    try:
        json.loads(raw)
    except json.JSONDecodeError as error:
        return quoted_place(raw, error)
    except (TypeError, ValueError, RecursionError):
        return None
    return None
