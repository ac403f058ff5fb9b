"""What was edited where something was hidden: the sign stands for what was recorded there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay.errors import ReplayError

if TYPE_CHECKING:
    from replay.records import ToolCall, Transcript
    from replay.replayer.what_if_edits import Edits


def restored_edits(edits: Edits, database: Path, transcript: Transcript) -> Edits:
    """Return edits in which the sign stands nowhere: where it does, what was recorded stays.

    Raises:
        ReplayError: it stands where nothing was hidden, or in a text that was changed.
    """
    from dataclasses import replace

    from replay.hiding import SIGN

    if SIGN not in repr(edits):
        return edits
    from replay.cli.hidden import opened_to_show
    from replay.replayer.what_if_edits import answer_of

    with opened_to_show(database, reveal=False) as store:
        shown = store.transcript(transcript.trace.id)
    call, seen = edits.call_of(transcript), edits.call_of(shown)
    asked = transcript.interactions.get(call.id, [])
    asked_seen = shown.interactions.get(call.id, [])

    def answer(number: int, given: Any) -> Any:
        if not 1 <= number <= len(asked):
            return given  # which is refused, in words
        sides = [answer_of(one[number - 1].exchange) for one in (asked_seen, asked)]
        return restored(given, *sides)

    return replace(
        edits,
        arguments=_arguments(edits.arguments, call, seen),
        changed={path: restored(value, None, None) for path, value in edits.changed.items()},
        response=_text(edits.response, call.response, seen.response),
        outside={number: answer(number, given) for number, given in edits.outside.items()},
    )


def restored(given: Any, shown: Any, recorded: Any) -> Any:
    """Return ``given`` with what was ``recorded`` wherever it says what was ``shown`` of it.

    Raises:
        ReplayError: the sign is left in it.
    """
    from replay.hiding import SIGN

    if given == shown:
        return recorded
    if isinstance(given, dict) and isinstance(shown, dict) and isinstance(recorded, dict):
        names = {name: (shown.get(name), recorded.get(name)) for name in given}
        return {name: restored(item, *names[name]) for name, item in given.items()}
    if isinstance(given, list) and isinstance(shown, list) and isinstance(recorded, list):
        count = min(len(shown), len(recorded))
        return [
            restored(item, shown[at], recorded[at]) if at < count else restored(item, None, None)
            for at, item in enumerate(given)
        ]
    if SIGN in json.dumps(given, ensure_ascii=False):
        raise ReplayError(
            f"{given!r} holds the sign of a hidden value, and was changed: which value is meant?",
            hint=f"Leave {SIGN} as it was to keep what was recorded, or write the whole value.",
        )
    return given


def _arguments(given: Any, call: ToolCall, seen: ToolCall) -> Any:
    from replay.verdicts.canonical import read_response

    if given is None:
        return None
    return restored(given, read_response(seen.arguments).value, read_response(call.arguments).value)


def _text(given: str | None, recorded: str | None, shown: str | None) -> str | None:
    if given is None or given == shown:
        return recorded if given is not None else None
    try:
        parsed, before, after = (json.loads(text or "") for text in (given, shown, recorded))
    except ValueError:
        return str(restored(given, shown, recorded))
    return json.dumps(restored(parsed, before, after), ensure_ascii=False)
