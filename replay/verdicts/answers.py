"""One call's answer, recorded or replayed, in the form in which two are compared."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Final

from replay.records import CallError, JsonValue, Outcome, ReplayedCall, Stage, ToolCall
from replay.records.codes import REJECTED

FAILING: Final = frozenset({Outcome.FAILED, Outcome.TIMEOUT, Outcome.CRASHED})
"""The tool ran and did not succeed."""

_DESCRIBED: Final = "result_is_described"
"""The attribute of calls whose result has no JSON form."""


class Ending(Enum):
    """The four ways a call can end, as verdicts tell them apart."""

    OK = "ok"
    REJECTED = "rejected"
    FAILING = "failing"
    NONE = "none"
    """Cancelled or unfinished: it has no answer to compare."""


def ending(outcome: Outcome) -> Ending:
    """Return which of the four ways ``outcome`` is."""
    if outcome is Outcome.OK:
        return Ending.OK
    if outcome in REJECTED:
        return Ending.REJECTED
    return Ending.FAILING if outcome in FAILING else Ending.NONE


@dataclass(frozen=True, slots=True)
class Answer:
    """What one pass of a call gave."""

    outcome: Outcome
    response: str | None
    error: CallError | None
    payload: JsonValue
    validated: bool
    """True: ``payload`` came out of a validation of ours; else it is only what the source had."""
    state_hash: str | None
    dropped: tuple[str, ...] = ()
    """Fields that a translation of the arguments lacks on purpose."""
    is_unseen: bool = False
    """True: nobody saw it run. How it ended is read out of what the model was told."""
    is_translated: bool = False
    """True: ``payload`` was made by a translation, from arguments of another version."""

    @property
    def told(self) -> tuple[object, ...]:
        """What the model and the tool were told."""
        words = (self.error.type, self.error.message) if self.error else None
        return (self.outcome, self.response, words, self.payload)

    @property
    def stage(self) -> Stage | None:
        """The stage that ended the call with an error, or None."""
        return self.error.stage if self.error else None


def recorded_answer(call: ToolCall, outcome: Outcome | None = None) -> Answer:
    """Return what ``call`` gave when it was recorded.

    ``outcome`` is today's reading of it, used where the recording only says ``ok``: an import
    cannot know how its tools say "I failed".
    """
    says_ok = call.outcome is Outcome.OK
    return Answer(
        outcome=outcome if outcome is not None and says_ok else call.outcome,
        response=recorded_response(call),
        error=call.error,
        payload=call.payload,
        validated=call.schema_hash is not None,
        state_hash=call.state_hash,
        is_unseen=_is_unseen(call),
    )


def _is_unseen(call: ToolCall) -> bool:
    seen = (call.schema_hash, call.payload, call.result, call.error)
    return all(one is None for one in seen)


def recorded_response(call: ToolCall) -> str | None:
    """Return what the model was told; the JSON of the tool's result where nobody saw that.

    A decorated function is seen when it returns, and what the model is told of it in the next
    prompt, which may never come. None: neither is known.
    """
    if call.response is not None or call.outcome is not Outcome.OK:
        return call.response
    if (call.payload is None and call.result is None) or _DESCRIBED in call.attributes:
        return None  # nobody saw it run, or what it returned is no JSON
    if isinstance(call.result, str):
        return call.result
    return json.dumps(call.result, ensure_ascii=False, separators=(",", ":"))


def replayed_answer(replayed: ReplayedCall | None) -> Answer | None:
    """Return what a replay of a call gave; None when it was not run."""
    if replayed is None or replayed.result is None:
        return None
    result = replayed.result
    return Answer(
        outcome=result.outcome,
        response=result.response,
        error=result.error,
        payload=result.payload,
        validated=True,
        state_hash=result.state_hash,
        dropped=tuple(result.dropped),
        is_translated=bool(result.translation),
    )
