"""Values of a list of choices that are spelled otherwise now."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from replay.compatibility.suggesting.edits import LINE_MAX, Edit, Here, question, shown, text
from replay.compatibility.suggesting.fields import Field
from replay.records import JsonValue

_SEPARATORS: Final = re.compile(r"[-_\s]")


def spelled_otherwise(
    here: Here, old: Field, new: Field, values: Sequence[JsonValue]
) -> list[Edit]:
    """Return the edits that bring a value of ``old`` into the words of ``new``'s choices.

    Only case and separators count as spelling: ``IN_PROGRESS`` is ``in-progress``. What ``old`` may
    be is its own choices, or what was captured where it has none.
    """
    if new.choices is None:
        return []
    # A text that must be one of a list from now on may be anything that was not captured, too.
    before = old.choices if old.choices is not None else _distinct(values)
    pairs, unknown = _paired(before, new.choices)
    spelled = {was: now for was, now in pairs.items() if was != now}
    path, item = here.at(new.name), here.item(new.name)
    edits = []
    if spelled:
        listed = ", ".join(f"{text(was)}: {text(now)}" for was, now in spelled.items())
        said = ", ".join(f"{was} is {now}" for was, now in spelled.items())
        code = [
            f"if {here.has(new.name)} and isinstance({item}, str):",
            f"    {item} = {{{listed}}}.get({item}, {item})",
        ]
        edits.append(Edit("enum", path, f"other spelling of its values: {said}", code))
    if not unknown and old.choices is not None:
        return edits
    allowed = [*new.choices, *([None] if new.is_nullable else [])]
    named = ", ".join(map(shown, unknown)) if unknown else "what is not listed"
    near = _nearest(unknown, new.choices)
    asked = question(
        "enum",
        path,
        f"the new version has no value for {named}{near}",
        when=f"{here.has(new.name)} and {item} not in {text(allowed)}",
    )
    asked = replace(asked, code=_wrapped(asked.code, allowed))
    if unknown:
        return [*edits, asked]
    # Every captured value fits, and any other one refuses: nothing is left to decide now.
    guard = Edit("enum", path, "every captured value is one of its choices", asked.code)
    return [*edits, guard] if values else [*edits, asked]


def _wrapped(code: list[str], allowed: Sequence[JsonValue]) -> list[str]:
    """Return ``code`` with the list of its condition on lines of its own, where it is long."""
    if len(code[0]) <= LINE_MAX:
        return code
    listed = textwrap.wrap(", ".join(map(text, allowed)), LINE_MAX, break_on_hyphens=False)
    before = code[0].removesuffix(f"{text(allowed)}:")
    return [f"{before}[", *(f"    {line}" for line in listed), "]:", *code[1:]]


def _distinct(values: Sequence[JsonValue]) -> list[JsonValue]:
    found: list[JsonValue] = []
    for value in values:
        if value is not None and value not in found:
            found.append(value)
    return found


def _paired(
    before: Sequence[JsonValue], after: Sequence[JsonValue]
) -> tuple[dict[str, JsonValue], list[JsonValue]]:
    """Return today's spelling by the old one, and the old values that have none."""
    pairs: dict[str, JsonValue] = {}
    unknown = []
    for value in before:
        if any(value == one and type(value) is type(one) for one in after):
            continue
        same = [
            one
            for one in after
            if isinstance(one, str) and isinstance(value, str) and _bare(one) == _bare(value)
        ]
        if len(same) == 1 and isinstance(value, str) and _bare(value):
            pairs[value] = same[0]
        else:
            unknown.append(value)
    return pairs, unknown


def _bare(choice: str) -> str:
    return _SEPARATORS.sub("", choice).casefold()


def _nearest(unknown: Sequence[JsonValue], after: Sequence[JsonValue]) -> str:
    names = [one for one in after if isinstance(one, str)]
    near = {
        found
        for value in unknown
        if isinstance(value, str)
        for found in get_close_matches(value, names, 1, cutoff=0.5)
    }
    return f" (nearest: {', '.join(sorted(near))})" if near else ""
