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
from tui.views.json_entries import grouped, key_parts, marked_entries
from tui.views.parts import Parts, count

_IDENTITY_KEYS: Final = ("id", "uuid", "key", "name", "code", "number", "slug", "title")
_IDENTITY_ENDINGS: Final = ("_id", "_number", "_code", "_key", "Id")
_MEMBERS_MAX: Final = 1_000
"""Lines of differences of one list before the rest of it waits to be opened."""
_ALIGNED_MAX: Final = 2_000
"""Longer lists are compared place by place."""


def diff_entries(recorded: JsonValue, replayed: JsonValue, *, depth: int = 0) -> list[Entry]:
    """Return the two values as one outline with ``-`` and ``+`` lines."""
    return _walk((), recorded, replayed, depth)


def _walk(lead: Parts, recorded: JsonValue, replayed: JsonValue, depth: int) -> list[Entry]:
    if same_value(recorded, replayed):
        return [marked_entries(lead, recorded, depth, mark="", is_open=False)]
    return _different(lead, recorded, replayed, depth)


def _different(lead: Parts, recorded: JsonValue, replayed: JsonValue, depth: int) -> list[Entry]:
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
        children=lambda: members(recorded, replayed, depth + 1),
        closing=((ending, "dim"),),
        folded=(("…" + ending, "dim"),),
        is_open=True,
        value={"recorded": recorded, "today": replayed},
    )


class _Members:
    """The members of two containers, in order; runs of equal ones become one folded line.

    An equal member is an entry only when its line is opened: of forty thousand rows most are equal.
    """

    def __init__(self, depth: int) -> None:
        self.entries: list[Entry] = []
        self._depth = depth
        self._same: list[tuple[Parts, JsonValue]] = []

    def pair(self, lead: Parts, recorded: JsonValue, replayed: JsonValue) -> None:
        if same_value(recorded, replayed):
            self._same.append((lead, recorded))
        else:
            self.add(*_different(lead, recorded, replayed, self._depth))

    def one_side(self, lead: Parts, value: JsonValue, mark: str) -> None:
        self.add(_change(marked_entries(lead, value, self._depth, mark=mark)))

    def add(self, *entries: Entry) -> None:
        self.fold()
        self.entries.extend(entries)

    def fold(self) -> list[Entry]:
        """Put what is equal so far into one line that says how many there are."""
        held, depth = self._same, self._depth
        self._same = []

        def made(start: int, stop: int) -> list[Entry]:
            return [
                marked_entries(lead, value, depth, mark="", is_open=False)
                for lead, value in held[start:stop]
            ]

        if len(held) > 1:
            self.entries.append(
                Entry(
                    ((f"… {count(len(held), 'equal member')}", "dim"),),
                    depth,
                    children=lambda: grouped(len(held), made, depth),
                    value=[value for _, value in held],
                )
            )
        else:
            self.entries.extend(made(0, 1))
        return self.entries


def _object_members(recorded: JsonObject, replayed: JsonObject, depth: int) -> list[Entry]:
    members = _Members(depth)
    for key, value in recorded.items():
        if key in replayed:
            members.pair(key_parts(key), value, replayed[key])
        else:
            members.one_side(key_parts(key), value, "-")
    for key, value in replayed.items():
        if key not in recorded:
            members.one_side(key_parts(key), value, "+")
    return members.fold()


def _list_members(recorded: list[JsonValue], replayed: list[JsonValue], depth: int) -> list[Entry]:
    if len(recorded) + len(replayed) > _ALIGNED_MAX:
        steps = [("replace", 0, len(recorded), 0, len(replayed))]
    else:
        old, new = [_name(item) for item in recorded], [_name(item) for item in replayed]
        matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
        steps = list(matcher.get_opcodes())
    members = _Members(depth)
    for _, old_from, old_to, new_from, new_to in steps:
        paired = min(old_to - old_from, new_to - new_from)
        for at in range(paired):
            if len(members.entries) > _MEMBERS_MAX:
                members.add(_rest(recorded[old_from + at :], replayed[new_from + at :], depth))
                return members.entries
            members.pair((), recorded[old_from + at], replayed[new_from + at])
        for at in range(old_from + paired, old_to):
            members.one_side((), recorded[at], "-")
        for at in range(new_from + paired, new_to):
            members.one_side((), replayed[at], "+")
    return members.fold()


def _rest(recorded: list[JsonValue], replayed: list[JsonValue], depth: int) -> Entry:
    """What is left of two long lists that differ nearly everywhere, compared when it is opened."""
    return Entry(
        (
            (
                f"… {count(max(len(recorded), len(replayed)), 'more member')}, not compared yet",
                "warn",
            ),
        ),
        depth,
        children=lambda: _list_members(recorded, replayed, depth),
        is_change=True,
        value={"recorded": recorded, "today": replayed},
    )


def _name(item: JsonValue) -> bytes:
    """Return what an element is known by: its identity, else all of it."""
    if isinstance(item, dict):
        for key, value in item.items():
            if (key in _IDENTITY_KEYS or key.endswith(_IDENTITY_ENDINGS)) and isinstance(
                value, (str, int)
            ):
                return canonical_bytes([key, value])
    return canonical_bytes(item)


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
