"""What is equal between changes: some of it stays as context, the rest is one line to open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias

from tui.views.entries import Entry
from tui.views.json_entries import grouped
from tui.views.parts import count

ALL: Final = -1
"""As a number of equal things beside a change: every one of them."""
_CHANGES_MAX: Final = 2_000
"""Changes of one container that are shown at once."""
CONTEXTS: Final = (0, 1, 3, 10, ALL)
"""What less and more context step through."""


def context_words(place: int) -> str:
    """Return in words how much is shown with ``CONTEXTS[place]``."""
    around = CONTEXTS[place]
    if around == ALL:
        return "everything shown"
    return f"{around} equal beside each change" if around else "only what changed"


@dataclass(frozen=True, slots=True)
class Sames:
    """Equal members in a row: of forty thousand, only those that somebody opens become entries."""

    values: Sequence[Any]
    make: Callable[[Any], Entry]
    plain: Callable[[Any], Any] | None = None
    """What copying gives of one; None: it itself."""

    def __len__(self) -> int:
        return len(self.values)

    def entries(self, start: int, stop: int) -> list[Entry]:
        """Return some of them as entries."""
        return [self.make(value) for value in self.values[start:stop]]


Member: TypeAlias = Entry | Sames


def first_changes(
    members: Iterator[Member], depth: int, *, context: int = 0, noun: str = "equal member"
) -> list[Entry]:
    """Return entries up to a number of changes that somebody may read, and a line for the rest."""
    held: list[Member] = []
    left = _CHANGES_MAX
    for entry in members:
        held.append(entry)
        left -= differs(entry)
        if left <= 0:
            break
    shown = folded_sames(held, depth, context=context, noun=noun)
    following = next(members, None) if left <= 0 else None
    if following is not None:
        rest = chain([following], members)
        more = Entry(
            (("… and more: enter", "accent"),),
            depth,
            children=lambda: first_changes(rest, depth, context=context, noun=noun),
            is_change=True,
        )
        shown.append(more)
    return shown


def folded_sames(
    entries: Iterable[Member], depth: int, *, context: int = 0, noun: str = "equal member"
) -> list[Entry]:
    """Fold runs of equal members into one line that says how many there are.

    ``context`` of them stay beside each change; the outer ends have a change on one side only.
    """
    shown: list[Entry] = []
    run = _Run(depth, noun)
    for entry in entries:
        if isinstance(entry, Entry) and differs(entry):
            shown += run.entries(context if shown else 0, context)
            run = _Run(depth, noun)
            shown.append(entry)
        else:
            run.add(entry)
    return shown + run.entries(context if shown else 0, 0, is_all=context == ALL)


def differs(entry: Member) -> bool:
    """Say whether an entry is a change or holds one."""
    if isinstance(entry, Sames):
        return False
    return bool(entry.mark or entry.is_change or (entry.children is not None and entry.is_open))


class _Run:
    """Equal members between two changes."""

    def __init__(self, depth: int, noun: str) -> None:
        self._depth = depth
        self._noun = noun
        self._parts: list[Sames] = []
        self._size = 0

    def add(self, member: Member) -> None:
        part = member if isinstance(member, Sames) else Sames([member], _as_it_is, _value_of)
        self._parts.append(part)
        self._size += len(part)

    def entries(self, after: int, before: int, *, is_all: bool = False) -> list[Entry]:
        """Keep ``after`` of them behind the change above, ``before`` in front of the one below."""
        size = self._size
        if is_all or ALL in (after, before):
            return grouped(size, self._made, self._depth, f"{self._noun}s ")
        if size - after - before < 2:
            return self._made(0, size)
        line = Entry(
            ((f"… {count(size - after - before, self._noun)}", "dim"),),
            self._depth,
            children=lambda: self._grouped(after, size - before),
            value_made=lambda: self._values(after, size - before),
        )
        return [*self._made(0, after), line, *self._made(size - before, size)]

    def _grouped(self, start: int, stop: int) -> list[Entry]:
        def made(first: int, last: int) -> list[Entry]:
            return self._made(start + first, start + last)

        return grouped(stop - start, made, self._depth)

    def _made(self, start: int, stop: int) -> list[Entry]:
        made: list[Entry] = []
        first = 0
        for part in self._parts:
            if first < stop and first + len(part) > start:
                made += part.entries(max(0, start - first), stop - first)
            first += len(part)
        return made

    def _values(self, start: int, stop: int) -> list[Any]:
        held: list[Any] = []
        for part in self._parts:
            held += part.values if part.plain is None else map(part.plain, part.values)
        return held[start:stop]


def _as_it_is(entry: Entry) -> Entry:
    return entry


def _value_of(entry: Entry) -> Any:
    return entry.value
