"""Recorded against today, as entries: only what changed is open, the same is folded and counted.

One walk and no deepdiff: this is on the way to the screen. Values are compared with their types
(``1`` is not ``true``), as verdicts compare them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from replay.records import Change, JsonObject, JsonValue
from replay.verdicts.canonical import canonical_bytes, same_value
from tui.views.entries import Entry
from tui.views.json_entries import key_parts, marked_entries
from tui.views.parts import Parts
from tui.views.sames import ALL, Member, Same, first_changes
from tui.views.text_diff import is_costly, is_long, shared_ends, text_entries

_IDENTITY_KEYS: Final = ("id", "uuid", "key", "name", "code", "number", "slug", "title")
_IDENTITY_ENDINGS: Final = ("_id", "_number", "_code", "_key", "Id")
_Steps = list[tuple[int, int, int, int]]


def diff_entries(
    recorded: JsonValue, replayed: JsonValue, *, depth: int = 0, context: int = 0
) -> list[Entry]:
    """Return the two values as one outline with ``-`` and ``+`` lines.

    ``context``: equal members that stay open beside each change; ``ALL`` folds nothing.
    """
    entries = _Walk(context).value((), recorded, replayed, depth)
    for entry in entries:
        entry.is_two_sided = True
    return entries


def change_entries(change: Change, depth: int) -> list[Entry]:
    """Return one difference; what is on one side only has nothing, not null, against it."""
    if change.change in ("added", "removed"):
        is_new = change.change == "added"
        value, mark = (change.replayed, "+") if is_new else (change.recorded, "-")
        return [_change(marked_entries((), value, depth, mark=mark))]
    return diff_entries(change.recorded, change.replayed, depth=depth)


class _Walk:
    """One comparison: what is asked of it stays the same all the way down."""

    def __init__(self, context: int) -> None:
        self.context = context

    def value(
        self, lead: Parts, recorded: JsonValue, replayed: JsonValue, depth: int
    ) -> list[Entry]:
        """Return the entries of two values that stand at one place."""
        if same_value(recorded, replayed):
            return [self._equal(lead, depth, recorded)]
        return self._different(lead, recorded, replayed, depth)

    def _equal(self, lead: Parts, depth: int, value: JsonValue) -> Entry:
        return marked_entries(lead, value, depth, mark="", is_open=self.context == ALL)

    def _different(
        self, lead: Parts, recorded: JsonValue, replayed: JsonValue, depth: int
    ) -> list[Entry]:
        if isinstance(recorded, dict) and isinstance(replayed, dict):
            return [self._both(lead, recorded, replayed, depth, ("{", "}"), self._object_members)]
        if isinstance(recorded, list) and isinstance(replayed, list):
            return [self._both(lead, recorded, replayed, depth, ("[", "]"), self._list_members)]
        if isinstance(recorded, str) and isinstance(replayed, str) and is_long(recorded, replayed):
            return text_entries(lead, recorded, replayed, depth, context=self.context)
        return [
            _change(marked_entries(lead, recorded, depth, mark="-")),
            marked_entries(lead, replayed, depth, mark="+"),
        ]

    def _both(
        self,
        lead: Parts,
        recorded: JsonValue,
        replayed: JsonValue,
        depth: int,
        brackets: tuple[str, str],
        members: Callable[..., Iterator[Member]],
    ) -> Entry:
        opening, ending = brackets
        return Entry(
            (*lead, (opening, "dim")),
            depth,
            children=lambda: first_changes(
                members(recorded, replayed, depth + 1), depth + 1, context=self.context
            ),
            closing=((ending, "dim"),),
            folded=(("…" + ending, "dim"),),
            is_open=True,
            value={"recorded": recorded, "today": replayed},
        )

    def _object_members(
        self, recorded: JsonObject, replayed: JsonObject, depth: int
    ) -> Iterator[Member]:
        """Yield the members, each beside that of the same name."""
        for key, value in recorded.items():
            lead = key_parts(key)
            if key not in replayed:
                yield _change(marked_entries(lead, value, depth, mark="-"))
            elif same_value(value, replayed[key]):
                yield Same(value, partial(self._equal, lead, depth))
            else:
                yield from self._different(lead, value, replayed[key], depth)
        for key, value in replayed.items():
            if key not in recorded:
                yield _change(marked_entries(key_parts(key), value, depth, mark="+"))

    def _list_members(
        self, recorded: list[JsonValue], replayed: list[JsonValue], depth: int
    ) -> Iterator[Member]:
        """Yield the elements, each beside the one that it is."""
        equal = partial(self._equal, (), depth)
        for old_from, old_to, new_from, new_to in _aligned(recorded, replayed):
            paired = min(old_to - old_from, new_to - new_from)
            for at in range(paired):
                one, other = recorded[old_from + at], replayed[new_from + at]
                if same_value(one, other):
                    yield Same(one, equal)
                else:
                    yield from self._different((), one, other, depth)
            for item in recorded[old_from + paired : old_to]:
                yield _change(marked_entries((), item, depth, mark="-"))
            for item in replayed[new_from + paired : new_to]:
                yield _change(marked_entries((), item, depth, mark="+"))


def _aligned(recorded: list[JsonValue], replayed: list[JsonValue]) -> _Steps:
    """Return which elements stand beside which; equal beginnings and ends are no work."""
    first, last = shared_ends(recorded, replayed)  # most often all but a few, and named by nobody
    old = [_name(item) for item in recorded[first : len(recorded) - last]]
    new = [_name(item) for item in replayed[first : len(replayed) - last]]
    more_first, more_last = shared_ends(old, new)
    first, last = first + more_first, last + more_last
    old_end, new_end = len(recorded) - last, len(replayed) - last
    steps: _Steps = [(0, first, 0, first)]
    middle = (old[more_first : len(old) - more_last], new[more_first : len(new) - more_last])
    if is_costly(*middle):
        steps.append((first, old_end, first, new_end))
    else:
        matcher = difflib.SequenceMatcher(None, *middle, autojunk=False)
        steps += [
            (first + a, first + b, first + c, first + d) for _, a, b, c, d in matcher.get_opcodes()
        ]
    steps.append((old_end, len(recorded), new_end, len(replayed)))
    return [step for step in steps if step[0] < step[1] or step[2] < step[3]]


def _name(item: JsonValue) -> bytes:
    """Return what an element is known by: its identity, else all of it."""
    if isinstance(item, dict):
        for key, value in item.items():
            if (key in _IDENTITY_KEYS or key.endswith(_IDENTITY_ENDINGS)) and isinstance(
                value, (str, int)
            ):
                return canonical_bytes([key, value])
    return canonical_bytes(item)


def _change(entry: Entry) -> Entry:
    entry.is_change = True
    return entry
