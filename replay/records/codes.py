"""The closed lists: how a call ended, in which stage, what replay says of it, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal


class Outcome(StrEnum):
    """How a tool call ended."""

    OK = "ok"
    """The tool answered, and the answer is a success."""
    BAD_JSON = "bad_json"
    """The model's arguments are not JSON, or not a JSON object."""
    UNKNOWN_TOOL = "unknown_tool"
    """No tool of that name exists."""
    INVALID_ARGUMENTS = "invalid_arguments"
    """The arguments do not fit the tool's schema; the tool was not run."""
    REFUSED = "refused"
    """The tool (or the replay's policy) declined, for a reason of its own: raised ``Refused``."""
    DENIED = "denied"
    """The caller lacks the permission; the tool was not run."""
    THROTTLED = "throttled"
    """A rate limit or quota ended the call; the tool was not run."""
    TIMEOUT = "timeout"
    """The deadline passed before the tool answered."""
    FAILED = "failed"
    """The tool raised, or answered with what its toolbox calls a failure."""
    CANCELLED = "cancelled"
    """The application cancelled the call while it ran."""
    CRASHED = "crashed"
    """The process that ran the tool died of it (signal, exit, memory, endless recursion)."""
    UNFINISHED = "unfinished"
    """The recording ends inside the call: no answer was ever stored."""


UNFIT: Final = frozenset({Outcome.BAD_JSON, Outcome.UNKNOWN_TOOL, Outcome.INVALID_ARGUMENTS})
"""The call itself was wrong: it was rejected before any tool ran."""

REJECTED: Final = UNFIT | {Outcome.DENIED, Outcome.THROTTLED, Outcome.REFUSED}
"""The call was declined, by the toolbox or by its tool."""

OUTCOME_WORD: Final = {"invalid_arguments": "invalid", "unknown_tool": "unknown"}
"""What lists call outcomes of two words; the others have one."""


def outcome_words(outcome: str) -> str:
    """Return an outcome as screens, reports and pages say it: ``invalid arguments``."""
    return "bad JSON" if outcome == Outcome.BAD_JSON else outcome.replace("_", " ")


def matched_words(bound_by: str | None) -> str | None:
    """Return by what a run of a tool was found to be a model's call: ``the call's id``."""
    return _MATCHED_BY.get(bound_by or "", bound_by)


_MATCHED_BY: Final = {
    "provider_call_id": "the call's id",
    "arguments": "its arguments",
    "name": "the tool's name",
    "order": "the order of the calls",
    "position": "its position",
    "response": "what the model was told",
    "dispatch": "the toolbox, which ran it",
}


class Stage(StrEnum):
    """The stages of a tool call's life, in order."""

    PARSE = "parse"
    RESOLVE = "resolve"
    TRANSLATE = "translate"
    VALIDATE = "validate"
    SANITIZE = "sanitize"
    AUTHORIZE = "authorize"
    INVOKE = "invoke"
    ENCODE = "encode"


class Verdict(StrEnum):
    """Recorded against replayed, for one tool call."""

    SAME = "same"
    """Byte for byte what was recorded, in canonical form."""
    EQUIVALENT = "equivalent"
    """Differs only where the user said it may, or in spelling alone (65.0 for 65)."""
    RESPONSE_CHANGED = "response_changed"
    """Both succeed; the model is told something else."""
    PAYLOAD_CHANGED = "payload_changed"
    """The response is the same, but the tool was given other validated arguments."""
    EFFECT_CHANGED = "effect_changed"
    """The response is the same, but the call left another state in the world."""
    INTERACTIONS_CHANGED = "interactions_changed"
    """The response is the same, but the outside world is asked something else, or no longer."""
    NOW_REJECTED = "now_rejected"
    """Ran when recorded; today it is rejected: before the tool runs, or by it."""
    NOW_ACCEPTED = "now_accepted"
    """Was rejected when recorded; today the tool runs."""
    NOW_FAILING = "now_failing"
    """Succeeded when recorded; today the tool fails."""
    NOW_PASSING = "now_passing"
    """Failed when recorded; today the tool succeeds."""
    ERROR_CHANGED = "error_changed"
    """Fails as before, but says or does something else."""
    UNANSWERED = "unanswered"
    """Needs an answer of the outside world that no cassette has."""
    NOT_DETERMINISTIC = "not_deterministic"
    """Two replays of it disagree."""
    SERVED = "served"
    """Not run, and not judged: a policy has its recorded answer stand."""
    NOT_RUN = "not_run"
    """Could not be judged: a policy kept it from running, or nothing was recorded to compare."""


UNJUDGED: Final = frozenset({Verdict.NOT_RUN, Verdict.SERVED})
"""Verdicts of calls that nobody judged."""


VERDICT_WORD: Final[dict[Verdict, str]] = {
    Verdict.SAME: "same",
    Verdict.EQUIVALENT: "equivalent",
    Verdict.RESPONSE_CHANGED: "changed",
    Verdict.PAYLOAD_CHANGED: "payload",
    Verdict.EFFECT_CHANGED: "effect",
    Verdict.INTERACTIONS_CHANGED: "outside",
    Verdict.ERROR_CHANGED: "error",
    Verdict.NOW_REJECTED: "rejected",
    Verdict.NOW_ACCEPTED: "accepted",
    Verdict.NOW_FAILING: "failing",
    Verdict.NOW_PASSING: "passing",
    Verdict.UNANSWERED: "unanswered",
    Verdict.NOT_DETERMINISTIC: "not deterministic",
    Verdict.SERVED: "served",
    Verdict.NOT_RUN: "not judged",
}
"""Each in one word, for lists, filters and conditions; reports have several that hold it."""


def code_named(kind: Literal["outcome", "verdict"], word: str) -> str | None:
    """Return the outcome or the verdict that ``word`` names, in its words or as it is stored.

    None: there is none. ``now rejected``, ``rejected`` and ``now_rejected`` are the same.
    """
    known: dict[str, str] = {}
    if kind == "outcome":
        known = {outcome_words(one).casefold(): str(one) for one in Outcome}
        known |= {said: code for code, said in OUTCOME_WORD.items()}
    else:
        known = {said: str(one) for one, said in VERDICT_WORD.items()}
    wanted = word.strip().casefold().replace("_", " ").replace("-", " ")
    codes = Outcome if kind == "outcome" else Verdict
    exact = wanted.replace(" ", "_")
    return exact if exact in list(codes) else known.get(wanted)


class Cause(StrEnum):
    """Why a verdict is not ``same``."""

    CODE = "code"
    """Today's code answers differently on the same state."""
    SCHEMA = "schema"
    """Today's schema reads or rejects the arguments differently."""
    TRANSLATION = "translation"
    """A translation between schema versions changed the payload."""
    OUTSIDE = "outside"
    """The world's own data, or a cassette, differs."""
    CARRIED = "carried"
    """Only the state that earlier calls left behind differs."""
    NOT_REPRODUCIBLE = "not_reproducible"
    """The old code does not give the recorded answer either."""
    UNKNOWN = "unknown"
    """Nothing here can tell; a baseline lane (``--baseline``) can."""


class Policy(StrEnum):
    """How the calls of a tool are replayed."""

    CASSETTE = "cassette"
    """Today's code runs; the outside world is its cassette."""
    RECORDED = "recorded"
    """Today's code does not run: the recorded answer stands."""
    LIVE = "live"
    """Today's code runs, and what it asks really goes out."""
    REFUSE = "refuse"
    """It is not run, and that is told."""


Actor = Literal["assistant", "user"]
"""Who made a tool call: the recorded model, or another actor that changes the same world."""

ACTORS: Final[tuple[Actor, ...]] = ("assistant", "user")
