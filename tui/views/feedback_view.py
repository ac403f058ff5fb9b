"""What people said of a step: below what it gave, and in short where one stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from replay.records import Feedback, JsonValue
from tui.views.entries import Entry
from tui.views.parts import Part, printable

_RATINGS: Final = {1.0: "good", 0.0: "bad"}

_TEXT_CHARS_MAX: Final = 400
_BEGINNING_CHARS: Final = 40


def feedback_word(one: Feedback) -> str:
    """Return one piece in a word or two: its rating and label, or that it is a note."""
    rating = None if one.score is None else _RATINGS.get(one.score, f"{one.score:g}")
    label = None if one.label == rating else one.label
    said = " ".join(part for part in (rating, label) if part)
    return printable(said or ("a correction" if one.correction is not None else "a note"))


def feedback_words(kept: Iterable[Feedback]) -> str:
    """Return all of it on one line."""
    return ", ".join(map(feedback_word, kept))


def feedback_entries(kept: Sequence[Feedback]) -> list[Entry]:
    """Return all of it, with who said it and their words; nothing where nobody did."""
    if not kept:
        return []
    entries = [Entry((("", ""),)), Entry((("feedback", "strong"),))]
    for one in kept:
        by = f"   {one.annotator}, " if one.annotator else "   "
        head: tuple[Part, ...] = (
            (feedback_word(one), "accent"),
            (f"{printable(by)}{one.created_at[:16].replace('T', ' ')}", "dim"),
        )
        entries.append(Entry(head, 1, value=one.model_dump(mode="json")))
        if one.text:
            entries.append(_words(one.text))
        if one.correction is not None:
            said = f"rather  {_written(one.correction)}"
            entries.append(Entry((), 2, text=said))
    return entries


def _words(text: str) -> Entry:
    """Return what somebody said; of a long one its beginning, and the rest folded."""
    if len(text) <= _TEXT_CHARS_MAX:
        return Entry((), 2, text=text)
    begins = " ".join(text[:_TEXT_CHARS_MAX].split())[:_BEGINNING_CHARS]
    return Entry(
        ((f"{printable(begins)}… ", ""),),
        2,
        children=lambda: [Entry((), 3, text=text)],
        folded=((f"{len(text):,} characters", "dim"),),
        value=text,
    )


def _written(correction: JsonValue) -> str:
    if isinstance(correction, dict) and set(correction) == {"tool", "arguments"}:
        return f"{correction['tool']} {json.dumps(correction['arguments'], ensure_ascii=False)}"
    if isinstance(correction, dict) and set(correction) == {"tool"}:
        return str(correction["tool"] or "no call")
    return json.dumps(correction, ensure_ascii=False)
