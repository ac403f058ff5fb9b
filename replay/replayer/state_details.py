"""Where the world differs after a call: both states themselves, not only their digests.

Looked at for the first calls of a run that leave another state than the old code: an engineer reads
one example of a finding, and a state can be large.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from replay.records import CallVerdict, Change, JsonValue, ReplayedCall
from replay.verdicts import diff_values
from replay.verdicts.wording import cut_text

_TRACES_MAX: Final = 30
_CALLS_MAX: Final = 3
"""Of one trace."""
_CHANGES_MAX: Final = 20
_VALUE_CHARS_MAX: Final = 300


@dataclass(slots=True)
class StateDetails:
    """How many more traces of a run are looked at."""

    traces_left: int = _TRACES_MAX

    def of(self, verdicts: Iterable[CallVerdict]) -> list[str]:
        """Return the ids of the calls whose states are wanted; none when enough were seen."""
        wanted = [one.tool_call_id for one in verdicts if one.effect_changed][:_CALLS_MAX]
        if not wanted or self.traces_left <= 0:
            return []
        self.traces_left -= 1
        return wanted


def with_state_changes(
    verdict: CallVerdict, old: Mapping[str, ReplayedCall], today: Mapping[str, ReplayedCall]
) -> CallVerdict:
    """Return ``verdict`` with where the states after its call differ, if both were told.

    ``today`` ran on the state that the old code had left before the call: what differs is what
    this call did.
    """
    before, after = old.get(verdict.tool_call_id), today.get(verdict.tool_call_id)
    if not verdict.effect_changed or before is None or after is None:
        return verdict
    if before.state is None or after.state is None:
        return verdict
    changes = diff_values(before.state, after.state, "")[:_CHANGES_MAX]
    return verdict.model_copy(update={"state_changes": [_short(change) for change in changes]})


def _short(change: Change) -> Change:
    cut = {name: _cut(getattr(change, name)) for name in ("recorded", "replayed")}
    return change.model_copy(update=cut)


def _cut(value: JsonValue) -> JsonValue:
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= _VALUE_CHARS_MAX else cut_text(text, _VALUE_CHARS_MAX)
