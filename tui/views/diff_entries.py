"""Recorded against today, as entries: only what changed is open, the same is folded and counted.

One walk and no deepdiff: this is on the way to the screen. Values are compared with their types
(``1`` is not ``true``), as verdicts compare them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Final

from replay.records import JsonObject, JsonValue
from replay.verdicts.canonical import canonical_bytes, same_value
from tui.views.entries import Entry
from tui.views.json_entries import key_parts, marked_entries
from tui.views.parts import Parts, count

_IDENTITY_KEYS: Final = ("id", "uuid", "key", "name", "code", "number", "slug", "title")
_IDENTITY_ENDINGS: Final = ("_id", "_number", "_code", "_key", "Id")
_ALIGNED_MAX: Final = 2_000
"""Longer lists are compared place by place."""


def diff_entries(recorded: JsonValue, replayed: JsonValue, *, depth: int = 0) -> list[Entry]:
    """Return the two values as one outline with ``-`` and ``+`` lines."""
    return _walk((), recorded, replayed, depth)


def _walk(lead: Parts, recorded: JsonValue, replayed: JsonValue, depth: int) -> list[Entry]:
    if same_value(recorded, replayed):
        return [marked_entries(lead, recorded, depth, mark="", is_open=False)]
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        return [_both(lead, recorded, replayed, depth, "{", "}", _object_members)]
    if isinstance(recorded, list) and isinstance(replayed, list):
        return [_both(lead, recorded, replayed, depth, "[", "]", _list_members)]
    if isinstance(recorded, str) and isinstance(replayed, str) and _is_long(recorded, replayed):
        return _text_entries(lead, recorded, replayed, depth)
    return [
        _change(marked_entries(lead, recorded, depth, mark="-")),
        marked_entries(lead, replayed, depth, mark="+"),
    ]


def _both(
    lead: Parts,
    recorded: JsonValue,
    replayed: JsonValue,
    depth: int,
    opening: str,
    ending: str,
    members: Callable[..., list[Entry]],
) -> Entry:
    return Entry(
        (*lead, (opening, "dim")),
        depth,
        children=lambda: _folded_sames(members(recorded, replayed, depth + 1), depth + 1),
        closing=((ending, "dim"),),
        folded=(("…" + ending, "dim"),),
        is_open=True,
        value={"recorded": recorded, "today": replayed},
    )


def _object_members(recorded: JsonObject, replayed: JsonObject, depth: int) -> list[Entry]:
    entries: list[Entry] = []
    for key, value in recorded.items():
        lead = key_parts(key)
        if key in replayed:
            entries += _walk(lead, value, replayed[key], depth)
        else:
            entries.append(_change(marked_entries(lead, value, depth, mark="-")))
    entries += [
        _change(marked_entries(key_parts(key), value, depth, mark="+"))
        for key, value in replayed.items()
        if key not in recorded
    ]
    return entries


def _list_members(recorded: list[JsonValue], replayed: list[JsonValue], depth: int) -> list[Entry]:
    if len(recorded) + len(replayed) > _ALIGNED_MAX:
        steps = [("replace", 0, len(recorded), 0, len(replayed))]
    else:
        old, new = [_name(item) for item in recorded], [_name(item) for item in replayed]
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        steps = list(matcher.get_opcodes())
    entries: list[Entry] = []
    for _, old_from, old_to, new_from, new_to in steps:
        paired = min(old_to - old_from, new_to - new_from)
        for at in range(paired):
            entries += _walk((), recorded[old_from + at], replayed[new_from + at], depth)
        for at in range(old_from + paired, old_to):
            entries.append(_change(marked_entries((), recorded[at], depth, mark="-")))
        for at in range(new_from + paired, new_to):
            entries.append(_change(marked_entries((), replayed[at], depth, mark="+")))
    return entries


def _name(item: JsonValue) -> bytes:
    """Return what an element is known by: its identity, else all of it."""
    if isinstance(item, dict):
        for key, value in item.items():
            if (key in _IDENTITY_KEYS or key.endswith(_IDENTITY_ENDINGS)) and isinstance(
                value, (str, int)
            ):
                return canonical_bytes([key, value])
    return canonical_bytes(item)


def _folded_sames(entries: list[Entry], depth: int) -> list[Entry]:
    """Fold runs of equal members into one line that says how many there are."""
    shown: list[Entry] = []
    same: list[Entry] = []

    def fold() -> None:
        if len(same) > 1:
            held = list(same)
            shown.append(
                Entry(
                    ((f"… {count(len(held), 'equal member')}", "dim"),),
                    depth,
                    children=lambda: held,
                    value=[entry.value for entry in held],
                )
            )
        else:
            shown.extend(same)
        same.clear()

    for entry in entries:
        if entry.mark or entry.is_change or (entry.children is not None and entry.is_open):
            fold()
            shown.append(entry)
        else:
            same.append(entry)
    fold()
    return shown


def _is_long(recorded: str, replayed: str) -> bool:
    return "\n" in recorded or "\n" in replayed


def _text_entries(lead: Parts, recorded: str, replayed: str, depth: int) -> list[Entry]:
    """Two texts of several lines, line by line, two lines around each difference."""
    entries = [Entry((*lead, ("text", "dim")), depth, mark="~", is_change=True)]
    lines = difflib.unified_diff(
        recorded.splitlines()[:5000], replayed.splitlines()[:5000], lineterm="", n=2
    )
    for line in list(lines)[2:]:
        if line.startswith("@@"):
            entries.append(Entry((("…", "dim"),), depth + 1))
            continue
        mark = line[0].strip()
        role = {"-": "removed", "+": "added"}.get(mark, "")
        entries.append(Entry((), depth + 1, text=line[1:], role=role, mark=mark))
    return entries


def _change(entry: Entry) -> Entry:
    entry.is_change = True
    return entry
