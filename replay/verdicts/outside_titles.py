"""What a call asks of the outside otherwise, in one line.

``POST /refunds now sends body.amount 1550.0 instead of 15.5``.
"""

from __future__ import annotations

from typing import Final

from replay.records import CallVerdict, InteractionChange
from replay.verdicts.requests import (
    argument_values,
    general_request,
    has_miss,
    is_changed_request,
    is_miss,
    short_request,
)
from replay.verdicts.wording import cut_text, shown_value, times

_NAMED_MAX: Final = 3
_REQUEST_CHARS_MAX: Final = 70


def outside_title(verdict: CallVerdict) -> str:
    """Return what is asked otherwise by a call that is unanswered or asks something else.

    Its values are this call's own.
    """
    changes = verdict.interaction_changes
    if not changes:
        return "asks the outside, and no cassette answers"
    names = _Names(verdict)
    missed = [change for change in changes if is_miss(change) and not is_changed_request(change)]
    if missed:
        return names.missed(missed)
    said = list(dict.fromkeys(names.changed([one for one in changes if is_changed_request(one)])))
    said += dict.fromkeys(names.other(one) for one in changes if not is_changed_request(one))
    more = len(said) - _NAMED_MAX
    return ", ".join(said[:_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


class _Names:
    """The requests of one call by the names that its finding gives them."""

    def __init__(self, verdict: CallVerdict) -> None:
        self._changes = verdict.interaction_changes
        self._arguments = argument_values(verdict)
        wholes = {general_request(one.request, self._arguments) for one in self._changes}
        self._with_host = len({short_request(whole) for whole in wholes}) < len(wholes)

    def missed(self, missed: list[InteractionChange]) -> str:
        """Say what no cassette answers, and what it seems to have taken the place of."""
        if missed[0].request.startswith("RUN "):
            return f"starts {cut_text(missed[0].request[4:], 70)}, which a replay refuses"
        asks = dict.fromkeys(self.name(one) for one in missed)
        gone = {one.request: self.name(one) for one in self._changes if one.change == "removed"}
        first = next(iter(asks))
        instead = gone.get((missed[0].nearest or "").split(": ", 1)[0])
        if instead is not None and instead != first and len(asks) == 1:
            return f"asks {first} instead of {instead}, which no cassette answers"
        more = f" and {len(asks) - 1} more" if len(asks) > 1 else ""
        return f"asks {first}{more}, which no cassette answers"

    def changed(self, changes: list[InteractionChange]) -> list[str]:
        """Say what is sent otherwise, request by request, field by field."""
        said = []
        last = None
        for change in changes:
            name = self.name(change)
            if change.field == "times":
                said.append(f"sends {name} {_times(change)}")
            else:
                said.append(_field(change) if name == last else f"{name} now {_field(change)}")
            last = name
        return said

    def other(self, change: InteractionChange) -> str:
        """Say what is no longer sent, newly sent, or sent at another place."""
        name = self.name(change)
        if change.change == "removed":
            is_sent = change.field == "times"
            return f"sends {name} {_times(change)}" if is_sent else f"no longer sends {name}"
        if change.change == "reordered":
            return f"sends {name} {self._place(change)}"
        return f"now sends {name}" if change.change == "added" else f"sends {name} otherwise"

    def _place(self, change: InteractionChange) -> str:
        """Say after which request it is sent now."""
        after, _, other = str(change.replayed or "").partition(" ")
        if after != "after" or not other:
            return "at another place"
        return f"after {self.name(change.model_copy(update={'request': other}))}"

    def name(self, change: InteractionChange) -> str:
        """Return a request by the name that all calls of its finding share."""
        general = general_request(change.request, self._arguments)
        return cut_text(general if self._with_host else short_request(general), _REQUEST_CHARS_MAX)


def miss_is_the_answer(verdict: CallVerdict) -> bool:
    """Return whether today's answer is nothing but the words that no cassette answered."""
    error = verdict.replayed.error if verdict.replayed else None
    name = error.type.rsplit(".", 1)[-1] if error and error.type else ""
    return name == "CassetteMiss" and has_miss(verdict.interaction_changes)


def _field(change: InteractionChange) -> str:
    field = change.field or "request"
    old, new = shown_value(change.recorded), shown_value(change.replayed)
    if old is None or new is None or change.recorded == change.replayed:
        return f"sends another {field}"
    if change.replayed is None:
        return f"sends no {field}"
    if change.recorded is None:
        return f"sends {field} {new}"
    return f"sends {field} {new} instead of {old}"


def _times(change: InteractionChange) -> str:
    return f"{times(change.replayed)} (recorded {times(change.recorded)})"
