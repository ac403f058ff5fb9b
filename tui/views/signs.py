"""The sign, word and role of outcomes and verdicts: any one of the three is enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from replay.records.codes import OUTCOME_WORD, VERDICT_WORD, Verdict, outcome_words
from replay.report.words import VERDICT_WORDS, sign
from replay.verdicts.counts import APPROVED as APPROVED_WORD
from tui.views.parts import cut

_SIGNS: Final = {"✗": ("×", "bad"), "~": ("≠", "warn"), "?": ("?", "unsure"), "✓": ("✓", "good")}
# ✗ is missing in common programming fonts, and ~ says little beside a list.

REJECTED: Final = ("∅", "bad")
UNDER_WAY: Final = ("◐", "accent")
"""Also of a recording that has not ended."""

APPROVED: Final = ("≈", "accent")
NOT_REPLAYED: Final = ("·", "dim")

_OUTCOME_SIGNS: Final = {
    "ok": ("✓", "good"),
    "cancelled": ("○", "warn"),
    "unfinished": ("◐", "unsure"),
    "refused": ("∅", "warn"),
    "denied": ("∅", "warn"),
    "throttled": ("∅", "warn"),
    "invalid_arguments": ("∅", "bad"),
    "bad_json": ("∅", "bad"),
    "unknown_tool": ("∅", "bad"),
    "timeout": ("◷", "bad"),
}
"""``∅``: rejected, before the tool ran or by it. What else is not ok is a ``×``, but for these."""


WORD_MAX: Final = 10
"""Columns of `verdict_word`."""

SIGN_ORDER: Final = ("×", "∅", "≠", "?", "≈", "✓")
"""Of verdicts, the worst first."""


def outcome_sign(outcome: str) -> tuple[str, str]:
    """Return the sign and the role of a call's outcome."""
    return _OUTCOME_SIGNS.get(outcome, ("×", "bad"))


def outcome_word(outcome: str) -> str:
    """Return an outcome in at most ten columns."""
    return OUTCOME_WORD.get(outcome) or outcome_words(outcome)


def verdict_sign(verdict: str, *, approved: bool = False) -> tuple[str, str]:
    """Return the sign and the role of a verdict."""
    if approved or verdict == APPROVED_WORD:
        return APPROVED
    if verdict == Verdict.NOW_REJECTED:
        return REJECTED
    return _SIGNS[sign(Verdict(verdict))]


def verdict_word(verdict: str, *, approved: bool = False) -> str:
    """Return a verdict in at most ten columns: a word of `verdict_words`, or as much as fits."""
    if approved or verdict == APPROVED_WORD:
        return APPROVED_WORD
    return cut(VERDICT_WORD[Verdict(verdict)], WORD_MAX)


def verdict_words(verdict: str) -> str:
    """Return a verdict as the report says it."""
    return APPROVED_WORD if verdict == APPROVED_WORD else VERDICT_WORDS[Verdict(verdict)]


def worst_sign(verdicts: Mapping[str, int]) -> tuple[str, str]:
    """Return the sign and the role that a whole trace gets from the verdicts of its calls."""
    signs = [verdict_sign(verdict) for verdict in verdicts] or [NOT_REPLAYED]
    order = (*SIGN_ORDER, NOT_REPLAYED[0])
    return min(signs, key=lambda one: order.index(one[0]))
