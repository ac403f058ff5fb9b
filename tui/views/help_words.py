"""The signs and the words of the screens, as the help explains them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tui.actions.places import (
    COMPARISON,
    FINDINGS,
    METRICS,
    REPLAYING,
    RUNS,
    SCHEMAS,
    TRACES,
    TRANSCRIPT,
    WHAT_IF,
)

SIGNS: Final = (
    ("◆", "assistant", "a model call: the tools it asked for (→), or its answer"),
    ("✓", "good", "ok; today: the same"),
    ("×", "bad", "failed; today: failing; of a budget or a change: it breaks"),
    ("∅", "bad", "rejected: the tool was not run, or refused"),
    ("◷", "bad", "timeout"),
    ("○", "warn", "cancelled by the application; of a breakpoint: switched off"),
    ("◐", "accent", "under way; of a recording: it has not ended"),
    ("≠", "warn", "something else today: a person must judge"),
    ("?", "unsure", "cannot be judged: unanswered, not deterministic, not judged"),
    ("≈", "accent", "a difference that was approved, or that a rule allows"),
    ("·", "dim", "no replay run looked at it"),
    ("»", "accent", "the step, or the call, that is looked at"),
    ("┌├└ ┊", "accent", "calls that one model output asked for together"),
    ("●", "bad", "a breakpoint stops there"),
    ("~", "accent", "a watched value changes there"),
    ("+ -", "accent", "only there today; only there when it was recorded"),
    ("▶ ▼", "dim", "folded, unfolded: enter changes it"),
    ("›", "dim", "nested deeper than there is room for"),
    ("= ∈", "accent", "where a value came from: that very value; a part of what stands there"),
    ("✎", "accent", "edited in this branch"),
    ("⚑", "accent", "pinned as a regression case"),
    ("↓ ↑", "accent", "what a list is sorted by: the largest first, the smallest first"),
    ("!", "bad", "slower than a budget allows"),
    ("•••••", "dim", "hidden: F3 shows it"),
)
"""Each with its role; on one screen it means one thing."""

_OF_VERDICTS: Final = (TRANSCRIPT, FINDINGS, COMPARISON, WHAT_IF)
_OF_CALLS: Final = (*_OF_VERDICTS, SCHEMAS)

_WORDS: Final[tuple[tuple[tuple[str, ...], str, str], ...]] = (
    ((TRACES,), "today", "the worst verdict of the newest replay run that judged the trace"),
    (
        (TRACES, TRANSCRIPT, METRICS),
        "not ok",
        "ended in any other way than ok: failed, rejected, …",
    ),
    (_OF_CALLS, "arguments", "what the model wrote for a call"),
    (_OF_CALLS, "payload", "what the tool was given: the arguments, validated, with defaults"),
    (_OF_CALLS, "response", "what the model was told"),
    (_OF_VERDICTS, "result", "what the tool returned, before it became a response"),
    (
        _OF_VERDICTS,
        "outside",
        "what a tool asked of the outside world; the recording answers today",
    ),
    (_OF_VERDICTS, "state", "what tools share within a trace: the world, as it shows itself"),
    (_OF_VERDICTS, "verdict", "recorded against today's tools, of one call"),
    (_OF_VERDICTS, "cause", "why it is not the same"),
    (_OF_VERDICTS, "conditional", "after a first difference, which the model had not seen"),
    (
        (*_OF_VERDICTS, REPLAYING),
        "baseline",
        "the old tools, replayed beside today's: tells whose doing a difference is",
    ),
    ((FINDINGS, RUNS), "finding", "differences with one and the same cause, counted once"),
    (
        _OF_VERDICTS,
        "translation",
        "code that turns what one version of a tool was given into another's",
    ),
    (
        (REPLAYING,),
        "parser",
        "who reads a call's arguments: a version of its tool, strict or flexible",
    ),
    (
        (RUNS,),
        "exit",
        "what `replay run` ended with: 0 nothing differs, 1 something broke, 2 it differs",
    ),
    (
        (SCHEMAS,),
        "shown, validates",
        "a tool's schema as models saw it, and as calls are checked by it",
    ),
    (
        (SCHEMAS,),
        "breaks, means else",
        "what a change does to a recorded payload; the rule is named",
    ),
    ((METRICS,), "invalid, unknown", "arguments that were rejected; tools that do not exist"),
    ((METRICS,), "made up", "a value that stands nowhere in what the model was told"),
    (
        (METRICS, TRANSCRIPT),
        "marshal, validate",
        "reading arguments and writing responses; checking them (and the permission)",
    ),
    ((METRICS, TRANSCRIPT), "tool, network", "the tool itself; what it waited for outside"),
)


def words_of(places: Collection[str]) -> list[tuple[str, str]]:
    """Return the words of a screen with these places, each with what it means."""
    return [(word, said) for whose, word, said in _WORDS if set(whose) & set(places)]
