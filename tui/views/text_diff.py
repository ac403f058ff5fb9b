"""Two long texts: line by line where they have lines, else around the place where they part."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from tui.views.entries import Entry
from tui.views.parts import Parts, count
from tui.views.sames import ALL, first_changes

_MATCHES_MAX: Final = 200_000
"""Pairs of equal lines that an alignment looks at; beyond, one text stands below the other."""
_ALIGNED_MAX: Final = 40_000
"""Lines of both texts together that are aligned."""
_LINE_MIN: Final = 160
"""A text on one line is shown whole up to this many characters."""
_AROUND: Final = 60
"""Equal characters that are shown on both sides of where two texts part."""
_CONTEXT_MIN: Final = 2


def is_long(recorded: str, replayed: str) -> bool:
    """Say whether two texts are too long to stand one above the other."""
    if "\n" in recorded or "\n" in replayed:
        return True
    return min(len(recorded), len(replayed)) > _LINE_MIN


def shared_ends(old: Sequence[Any], new: Sequence[Any]) -> tuple[int, int]:
    """Return how many items two texts or lists share at their beginning, and then at their end.

    By halves, each one comparison in C: millions of characters take no time.
    """
    shorter = min(len(old), len(new))
    first = _most(shorter, lambda size: old[:size] == new[:size])
    rest = shorter - first
    last = _most(rest, lambda size: old[len(old) - size :] == new[len(new) - size :])
    return first, last


def is_costly(old: Sequence[Any], new: Sequence[Any]) -> bool:
    """Say whether aligning would keep somebody waiting: for many equal items, or very many."""
    if len(old) + len(new) > _ALIGNED_MAX:
        return True
    counts = Counter(new)
    return sum(times * counts[item] for item, times in Counter(old).items()) > _MATCHES_MAX


def _most(limit: int, holds: Callable[[int], bool]) -> int:
    """Return the largest size up to ``limit`` that holds; all smaller ones do, too."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def text_entries(
    lead: Parts, recorded: str, replayed: str, depth: int, *, context: int = 0
) -> list[Entry]:
    """Return where two texts differ, equal lines folded."""
    if "\n" not in recorded and "\n" not in replayed:
        return _on_one_line(lead, recorded, replayed, depth)
    old, new = recorded.splitlines(), replayed.splitlines()
    shown = ALL if context == ALL else max(context, _CONTEXT_MIN)
    compared = _compared(old, new, depth + 1)
    _mark_changes(compared)
    lines = first_changes(iter(compared), depth + 1, context=shown, noun="equal line")
    if old == new:  # only how lines end differs, or whether the last one does
        lines = [
            Entry(
                (), depth + 1, text=repr(recorded[-40:]), role="removed", mark="-", is_change=True
            ),
            Entry((), depth + 1, text=repr(replayed[-40:]), role="added", mark="+"),
        ]
    about = f"text  {count(len(old), 'line')} → {count(len(new), 'line')}"
    head = Entry(
        (*lead, (about, "dim")),
        depth,
        mark="~",
        children=lambda: lines,
        is_open=True,
        value={"recorded": recorded, "today": replayed},
    )
    return [head]


def _compared(old: list[str], new: list[str], depth: int) -> list[Entry]:
    first, last = shared_ends(old, new)
    old_end, new_end = len(old) - last, len(new) - last
    entries = [_line(line, depth) for line in old[:first]]
    entries += _middle(old[first:old_end], new[first:new_end], depth)
    return entries + [_line(line, depth) for line in old[old_end:]]


def _middle(old: list[str], new: list[str], depth: int) -> list[Entry]:
    if is_costly(old, new):
        removed = [_line(line, depth, "-") for line in old]
        return removed + [_line(line, depth, "+") for line in new]
    entries: list[Entry] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for step, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if step == "equal":
            entries += [_line(line, depth) for line in old[old_from:old_to]]
            continue
        entries += [_line(line, depth, "-") for line in old[old_from:old_to]]
        entries += [_line(line, depth, "+") for line in new[new_from:new_to]]
    return entries


def _line(text: str, depth: int, mark: str = "") -> Entry:
    role = {"-": "removed", "+": "added"}.get(mark, "")
    return Entry((), depth, text=text, role=role, mark=mark, value=text)


def _mark_changes(lines: list[Entry]) -> None:
    """Let next and previous change stop at the first line of each."""
    if lines and lines[0].mark:
        lines[0].is_change = True
    for before, line in pairwise(lines):
        if line.mark and not before.mark:
            line.is_change = True


def _on_one_line(lead: Parts, recorded: str, replayed: str, depth: int) -> list[Entry]:
    """Return the two texts from shortly before where they part to shortly after they meet."""
    first, last = shared_ends(recorded, replayed)
    start = max(0, first - _AROUND)
    entries = []
    for text, mark, role in ((recorded, "-", "removed"), (replayed, "+", "added")):
        end = min(len(text), len(text) - last + _AROUND)
        before = (f"… {start:,} equal characters …", "dim") if start else ("", "")
        rest = len(text) - end
        entries.append(
            Entry(
                (*((said, role) for said, _ in lead), before),
                depth,
                text=text[start:end],
                quoted=not start,
                role=role,
                tail=f" … {rest:,} equal characters" if rest else "",
                mark=mark,
                value=text,
                is_change=mark == "-",
            )
        )
    return entries
