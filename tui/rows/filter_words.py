"""The words that a filter takes for outcomes and verdicts: the closed lists', and the screens'."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from typing import Final

from replay.errors import SelectionError
from replay.records.codes import Outcome, Verdict
from replay.verdicts.counts import APPROVED
from tui.views.signs import outcome_word, verdict_word, verdict_words

_QUIET: Final = (Verdict.SAME, Verdict.EQUIVALENT)
_SHOWN_MAX: Final = 6


def verdicts_of(word: str) -> tuple[str, ...]:
    """Return the verdicts that a word of the filter means: ``rejected`` is ``now_rejected``.

    ``any`` and ``changed`` mean all that differ: what a person looks for first. What is approved is
    ``approved``, and nothing else.

    Raises:
        SelectionError: it means none; the message has the nearest.
    """
    return _meant(word, _verdict_words(), "verdict")


def outcomes_of(word: str) -> tuple[str, ...]:
    """Return the outcomes that a word of the filter means; ``error``: all but ``ok``.

    Raises:
        SelectionError: it means none; the message has the nearest.
    """
    return _meant(word, _outcome_words(), "outcome")


@cache
def _verdict_words() -> Mapping[str, tuple[str, ...]]:
    differing = tuple(str(one) for one in Verdict if one not in _QUIET)
    words: dict[str, tuple[str, ...]] = {str(one): (str(one),) for one in Verdict}
    words |= {"any": differing, "changed": differing, APPROVED: (APPROVED,)}
    for one in Verdict:
        for said in (verdict_word(one), verdict_words(one)):
            words.setdefault(_as_typed(said), (str(one),))
    return words


@cache
def _outcome_words() -> Mapping[str, tuple[str, ...]]:
    failures = tuple(str(one) for one in Outcome if one is not Outcome.OK)
    words: dict[str, tuple[str, ...]] = {str(one): (str(one),) for one in Outcome}
    words |= {"error": failures, "errors": failures}
    for one in Outcome:
        words.setdefault(_as_typed(outcome_word(one)), (str(one),))
    return words


def _as_typed(word: str) -> str:
    return word.strip().casefold().replace(" ", "_").replace("-", "_")


def _meant(word: str, words: Mapping[str, tuple[str, ...]], noun: str) -> tuple[str, ...]:
    found = words.get(_as_typed(word))
    if found is not None:
        return found
    near = difflib.get_close_matches(_as_typed(word), list(words), n=1, cutoff=0.5)
    raise SelectionError(
        f"There is no {noun} {word!r}.",
        nearest=near[0] if near else None,
        hint=None if near else f"There are {', '.join(list(words)[:_SHOWN_MAX])}, …",
    )
