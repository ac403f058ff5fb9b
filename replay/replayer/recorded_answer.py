"""A call's recorded answer, as today's tools would read it and say it."""

from __future__ import annotations

from typing import Any

from replay.records import CallResult, JsonObject, Outcome
from replay.tools.older_results import translated_response
from replay.tools.outcome import failure_of
from replay.tools.translations import ToolVersion


def older_response(toolbox: Any, call: JsonObject, today: CallResult) -> str | None:
    """Return the recorded answer as the version that ran would give it; None: as recorded.

    What was translated is noted in ``today``.
    """
    if call["outcome"] != Outcome.OK:
        return None
    if failure_of(toolbox, call["response"]) is not None:
        return None
    ran = ToolVersion(today.tool, today.tool_version)
    older = translated_response(
        toolbox, call["tool"], call.get("tool_version"), call["response"], ran=ran
    )
    if older is None:
        return None
    today.notes.append(older.note)
    return older.response


def recorded_outcome(toolbox: Any, call: JsonObject, today: CallResult) -> str | None:
    """Return the outcome that today's failure rule reads in the recorded answer; None: its own."""
    if call["outcome"] != Outcome.OK:
        return None
    if today.outcome is Outcome.OK and today.response == call["response"]:
        return None  # the rule has read this very text a moment ago
    says_failed = failure_of(toolbox, call["response"]) is not None
    return Outcome.FAILED.value if says_failed else None
