"""Two long texts: line by line where they have lines, else around the place where they part."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from tui.rows.shared import shared_ends
from tui.views.alignment import aligned
from tui.views.entries import Entry
from tui.views.parts import Parts, count
from tui.views.sames import ALL, Member, Sames, first_changes

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


def text_entries(
    lead: Parts, recorded: str, replayed: str, depth: int, *, context: int = 0
) -> list[Entry]:
    """Return where two texts differ, equal lines folded."""
    if "\n" not in recorded and "\n" not in replayed:
        return _on_one_line(lead, recorded, replayed, depth)
    old, new = recorded.splitlines(), replayed.splitlines()
    shown = ALL if context == ALL else max(context, _CONTEXT_MIN)
    compared = _compared(old, new, depth + 1)
    lines = first_changes(compared, depth + 1, context=shown, noun="equal line")
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
        mark="≠",
        children=lambda: lines,
        is_open=True,
        value={"recorded": recorded, "today": replayed},
    )
    return [head]


def _compared(old: list[str], new: list[str], depth: int) -> Iterator[Member]:
    """Yield the lines; next and previous change stop at the first line of each."""
    for old_from, old_to, new_from, new_to, is_equal in aligned(old, new):
        if is_equal:
            yield Sames(old[old_from:old_to], partial(_line, depth=depth))
            continue
        for at in range(old_from, old_to):
            yield _line(old[at], depth, "-", is_change=at == old_from)
        for at in range(new_from, new_to):
            yield _line(new[at], depth, "+", is_change=at == new_from and old_from == old_to)


def _line(text: str, depth: int, mark: str = "", *, is_change: bool = False) -> Entry:
    role = {"-": "removed", "+": "added"}.get(mark, "")
    return Entry((), depth, text=text, role=role, mark=mark, value=text, is_change=is_change)


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
