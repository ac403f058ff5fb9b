"""The words that a filter takes for outcomes and verdicts: the closed lists', and the screens'."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from typing import Final

from replay.errors import SelectionError
from replay.records.codes import REJECTED, VERDICT_WORD, Outcome, Verdict, outcome_words
from replay.verdicts.answers import FAILING
from replay.verdicts.counts import APPROVED
from tui.views.signs import outcome_word, verdict_words

_QUIET: Final = (Verdict.SAME, Verdict.EQUIVALENT)
_SHOWN_MAX: Final = 6
_EARLIER: Final = {
    "equal": Verdict.EQUIVALENT,
    "unstable": Verdict.NOT_DETERMINISTIC,
    "no_answer": Verdict.UNANSWERED,
}
"""What screens called verdicts before."""


def verdicts_of(word: str) -> tuple[str, ...]:
    """Return the verdicts that a word of the filter means: ``rejected`` is ``now_rejected``.

    ``differs`` and ``any`` mean all that differ: what a person looks for first. What is approved is
    ``approved``, and nothing else.

    Raises:
        SelectionError: it means none; the message has the nearest.
    """
    return _meant(word, _verdict_words(), "verdict")


def outcomes_of(word: str) -> tuple[str, ...]:
    """Return the outcomes that a word of the filter means.

    ``not-ok`` and ``error`` mean all but ``ok``; ``rejected`` and ``failing`` those that a verdict
    of this name is about.

    Raises:
        SelectionError: it means none; the message has the nearest.
    """
    return _meant(word, _outcome_words(), "outcome")


@cache
def _verdict_words() -> Mapping[str, tuple[str, ...]]:
    differing = tuple(str(one) for one in Verdict if one not in _QUIET)
    words: dict[str, tuple[str, ...]] = {str(one): (str(one),) for one in Verdict}
    words |= {"differs": differing, "any": differing, APPROVED: (APPROVED,)}
    for one in Verdict:
        for said in (VERDICT_WORD[one], verdict_words(one)):
            words.setdefault(_as_typed(said), (str(one),))
    return words | {word: (str(one),) for word, one in _EARLIER.items()}


@cache
def _outcome_words() -> Mapping[str, tuple[str, ...]]:
    failures = tuple(str(one) for one in Outcome if one is not Outcome.OK)
    words: dict[str, tuple[str, ...]] = {str(one): (str(one),) for one in Outcome}
    words |= {"not_ok": failures, "error": failures, "errors": failures}
    for name, group in (("rejected", REJECTED), ("failing", FAILING)):
        words[name] = tuple(str(one) for one in Outcome if one in group)
    for one in Outcome:
        words.setdefault(_as_typed(outcome_word(one)), (str(one),))
    return words


def filter_word(name: str, value: str) -> str:
    """Return a value as the screens call it and the filter takes it: ``invalid-arguments``."""
    if name == "verdict":
        said = {str(one): word for one, word in VERDICT_WORD.items()}.get(value, value)
    elif name == "outcome":
        said = outcome_words(value)
    else:
        return value
    word = _as_typed(said).replace("_", "-")
    meant = verdicts_of if name == "verdict" else outcomes_of
    try:
        return word if meant(word) == (value,) else value
    except SelectionError:  # of a newer version, which has more of them
        return value


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
