"""How a report says verdicts and causes: sign, colour and words."""

from __future__ import annotations

from typing import Final

from replay.records import Cause, Verdict

VERDICT_WORDS: Final[dict[Verdict, str]] = {
    Verdict.SAME: "same",
    Verdict.EQUIVALENT: "equivalent",
    Verdict.NOW_REJECTED: "now rejected",
    Verdict.NOW_FAILING: "now failing",
    Verdict.RESPONSE_CHANGED: "changed",
    Verdict.EFFECT_CHANGED: "with another effect",
    Verdict.INTERACTIONS_CHANGED: "asking the outside something else",
    Verdict.PAYLOAD_CHANGED: "given another payload",
    Verdict.ERROR_CHANGED: "with another error",
    Verdict.NOW_ACCEPTED: "now accepted",
    Verdict.NOW_PASSING: "now passing",
    Verdict.UNANSWERED: "unanswered",
    Verdict.NOT_DETERMINISTIC: "not deterministic",
    Verdict.SERVED: "served as recorded",
    Verdict.NOT_RUN: "not judged",
}
"""After a number of calls: ``12 now rejected``. In the order of a headline."""

_BROKEN: Final = frozenset({Verdict.NOW_REJECTED, Verdict.NOW_FAILING})
_UNSURE: Final = frozenset(
    {Verdict.UNANSWERED, Verdict.NOT_DETERMINISTIC, Verdict.NOT_RUN, Verdict.SERVED}
)
_GREEN: Final = frozenset({Verdict.SAME, Verdict.EQUIVALENT})

_CAUSE_WORDS: Final[dict[Cause, str]] = {
    Cause.CODE: "today's code answers differently",
    Cause.SCHEMA: "today's schema reads the arguments differently",
    Cause.TRANSLATION: "a translation between schema versions",
    Cause.OUTSIDE: "outside data differs, not the code",
    Cause.CARRIED: "only what earlier calls left behind differs",
    Cause.NOT_REPRODUCIBLE: "the old code does not give the recorded answer either",
    Cause.UNKNOWN: "unknown",
}


def cause_words(cause: Cause, verdict: Verdict, error_type: str | None = None) -> str:
    """Return why a call or finding has its verdict; ``error_type`` is that of today's error."""
    if verdict is Verdict.EFFECT_CHANGED and cause is Cause.OUTSIDE:
        return "the data that the tools ship differs, or what their world is made of"
    if verdict is Verdict.EFFECT_CHANGED and cause is Cause.CODE:
        return "today's code: it makes another state"
    if error_type == "UnknownTool" and verdict is not Verdict.EFFECT_CHANGED:
        return "today's toolbox has no such tool"
    if verdict is Verdict.NOW_ACCEPTED and cause is Cause.SCHEMA:
        return "today's toolbox takes what it rejected when it was recorded"
    if verdict is Verdict.UNANSWERED and cause is Cause.OUTSIDE:
        return "the recording has no answer from the outside"
    return _CAUSE_WORDS[cause]


def sign(verdict: Verdict) -> str:
    """Return the one-character sign of ``verdict``, readable without colour."""
    if verdict in _BROKEN:
        return "✗"
    if verdict in _UNSURE:
        return "?"
    return "✓" if verdict in _GREEN else "~"


def color(verdict: Verdict) -> str:
    """Return the colour of ``verdict``."""
    return {"✗": "red", "?": "cyan", "✓": "green"}.get(sign(verdict), "yellow")
