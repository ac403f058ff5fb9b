"""What is told of a call whose state differs for a reason that is not what it did.

A verdict says so in its note, which begins with one of these sentences.
"""

from __future__ import annotations

from typing import Final

from replay.records import CallVerdict, ReplayedCall, Verdict
from replay.verdicts.answers import ending

OTHER_START: Final = "The world was another one before the trace's first call: "
MADE_OTHERWISE: Final = (
    f"{OTHER_START}made of the recorded start, by today's code or of data that it ships."
)
OTHER_DATA: Final = f"{OTHER_START}its start, or the data that the tools ship, differs."

FAILS_THERE: Final = "On the state that the old code left, today's code ends otherwise: "


def is_other_start(verdict: CallVerdict) -> bool:
    """Return whether the world differed before any call: nothing that the call's tool did."""
    is_effect = verdict.verdict is Verdict.EFFECT_CHANGED
    return is_effect and (verdict.note or "").startswith(OTHER_START)


def failing_there(verdict: CallVerdict) -> str | None:
    """Return the error of a call that today's code cannot do on the old state; None: it can."""
    note = verdict.note or ""
    is_so = verdict.verdict is Verdict.EFFECT_CHANGED and note.startswith(FAILS_THERE)
    return note.removeprefix(FAILS_THERE) if is_so else None


def note_of_failing_there(replayed: ReplayedCall, on_old_state: ReplayedCall | None) -> str | None:
    """Return the note where today's code ends a call otherwise on the old state; None: it does not.

    Old and new code hold their world in other forms, then: no state of the one is one of the other.
    """
    result = None if on_old_state is None else on_old_state.result
    if result is None or replayed.result is None:
        return None
    if ending(result.outcome) is ending(replayed.result.outcome):
        return None
    error = result.error
    said = "" if error is None else f"{error.type}: {error.message}".strip()
    return FAILS_THERE + (said or result.outcome.value)
