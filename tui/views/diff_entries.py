"""Recorded against today, as entries: only what changed is open, the same is folded and counted.

One walk and no deepdiff: this is on the way to the screen. Values are compared with their types
(``1`` is not ``true``), as verdicts compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import Final

from replay.records import Change, JsonObject, JsonValue
from replay.verdicts.canonical import same_value
from tui.rows.shared import marks_of, shared_ends
from tui.views.alignment import aligned
from tui.views.entries import Entry
from tui.views.json_entries import key_parts, marked_entries
from tui.views.parts import Parts
from tui.views.sames import ALL, Member, Sames, first_changes
from tui.views.text_diff import is_long, text_entries

_IDENTITY_KEYS: Final = ("id", "uuid", "key", "name", "code", "number", "slug", "title")
_IDENTITY_ENDINGS: Final = ("_id", "_number", "_code", "_key", "Id")


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
        if _is_same(recorded, replayed):
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
        equal: list[tuple[str, JsonValue]] = []
        for key, value in recorded.items():
            if key in replayed and _is_same(value, replayed[key]):
                equal.append((key, value))
                continue
            if equal:
                yield Sames(equal, partial(self._equal_member, depth), itemgetter(1))
                equal = []
            if key in replayed:
                yield from self._different(key_parts(key), value, replayed[key], depth)
            else:
                yield _change(marked_entries(key_parts(key), value, depth, mark="-"))
        if equal:
            yield Sames(equal, partial(self._equal_member, depth), itemgetter(1))
        for key, value in replayed.items():
            if key not in recorded:
                yield _change(marked_entries(key_parts(key), value, depth, mark="+"))

    def _equal_member(self, depth: int, member: tuple[str, JsonValue]) -> Entry:
        return self._equal(key_parts(member[0]), depth, member[1])

    def _list_members(
        self, recorded: list[JsonValue], replayed: list[JsonValue], depth: int
    ) -> Iterator[Member]:
        """Yield the elements, each beside the one that it is."""
        equal = partial(self._equal, (), depth)
        for old_from, old_to, new_from, new_to in _beside(recorded, replayed):
            paired = min(old_to - old_from, new_to - new_from)
            first = 0
            for at in range(paired):
                one, other = recorded[old_from + at], replayed[new_from + at]
                if not _is_same(one, other):
                    if first < at:
                        yield Sames(recorded[old_from + first : old_from + at], equal)
                    yield from self._different((), one, other, depth)
                    first = at + 1
            if first < paired:
                yield Sames(recorded[old_from + first : old_from + paired], equal)
            for item in recorded[old_from + paired : old_to]:
                yield _change(marked_entries((), item, depth, mark="-"))
            for item in replayed[new_from + paired : new_to]:
                yield _change(marked_entries((), item, depth, mark="+"))


def _is_same(recorded: JsonValue, replayed: JsonValue) -> bool:
    return recorded is replayed or same_value(recorded, replayed)


def _beside(
    recorded: list[JsonValue], replayed: list[JsonValue]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield which elements stand beside which; equal beginnings and ends are no work."""
    first, last = shared_ends(recorded, replayed)  # most often all but a few, and named by nobody
    old_end, new_end = len(recorded) - last, len(replayed) - last
    yield 0, first, 0, first
    names = _names(recorded[first:old_end]), _names(replayed[first:new_end])
    for a, b, c, d, _ in aligned(*names):
        yield first + a, first + b, first + c, first + d
    yield old_end, len(recorded), new_end, len(replayed)


def _names(items: list[JsonValue]) -> list[int]:
    """Return what each element is known by: its identity, else all of it."""
    return marks_of([_identity(item) for item in items])


def _identity(item: JsonValue) -> JsonValue:
    if isinstance(item, dict):
        for key, value in item.items():
            if (key in _IDENTITY_KEYS or key.endswith(_IDENTITY_ENDINGS)) and isinstance(
                value, (str, int)
            ):
                return [key, value]
    return item


def _change(entry: Entry) -> Entry:
    entry.is_change = True
    return entry
