"""What is equal between changes: some of it stays as context, the rest is one line to open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, TypeAlias

from tui.views.entries import Entry
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
class Same:
    """An equal member: of forty thousand, only those that somebody opens become entries."""

    value: Any
    make: Callable[[Any], Entry]

    def made(self) -> Entry:
        """Return it as an entry."""
        return self.make(self.value)


Member: TypeAlias = Entry | Same


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
    entries: Sequence[Member], depth: int, *, context: int = 0, noun: str = "equal member"
) -> list[Entry]:
    """Fold runs of equal members into one line that says how many there are.

    ``context`` of them stay beside each change; the outer ends have a change on one side only.
    """
    if context == ALL:
        return _entries(entries)
    shown: list[Entry] = []
    same: list[Member] = []
    for entry in entries:
        if isinstance(entry, Entry) and differs(entry):
            shown += _folded(same, depth, context if shown else 0, context, noun)
            same = []
            shown.append(entry)
        else:
            same.append(entry)
    return shown + _folded(same, depth, context if shown else 0, 0, noun)


def differs(entry: Member) -> bool:
    """Say whether an entry is a change or holds one."""
    if isinstance(entry, Same):
        return False
    return bool(entry.mark or entry.is_change or (entry.children is not None and entry.is_open))


def _folded(same: list[Member], depth: int, after: int, before: int, noun: str) -> list[Entry]:
    """Keep ``after`` of them behind the change above, ``before`` in front of the one below."""
    held = same[after : len(same) - before]
    if len(held) < 2:
        return _entries(same)
    line = Entry(
        ((f"… {count(len(held), noun)}", "dim"),),
        depth,
        children=lambda: _entries(held),
        value=[entry.value for entry in held],
    )
    return [*_entries(same[:after]), line, *_entries(same[len(same) - before :])]


def _entries(members: Sequence[Member]) -> list[Entry]:
    return [one.made() if isinstance(one, Same) else one for one in members]
