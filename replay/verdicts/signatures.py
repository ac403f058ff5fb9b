"""The identity of a cause: what two verdicts must share to be one finding.

Tool and its version today, verdict, stage, the differing paths with what varies from call to call
taken out (list indexes, keys that are ids), the class and words of an error with its values taken
out. An approval names a signature, so this is a stored format.

What turns calls away or fails them today is one cause, whether they worked when they were recorded
or ended in another error then; of what a schema says, only what it did not say then counts. Where
no cassette answers, what was asked is the cause, whatever the tool made of the miss.

Of an effect the paths in the state count, where they are known. Of the cause only ``carried``
does: the others are known with a baseline and often not without one, and what was approved in the
one kind of run must stay approved in the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Final

from replay.records import (
    CallError,
    CallVerdict,
    Cause,
    Change,
    InteractionChange,
    JsonObject,
    JsonValue,
    Outcome,
    Verdict,
)
from replay.records.codes import REJECTED
from replay.records.traces import STATE_NOT_SHOWN
from replay.verdicts.answers import FAILING, Ending, ending
from replay.verdicts.canonical import read_response
from replay.verdicts.paths import general_path
from replay.verdicts.requests import (
    argument_values,
    general_request,
    has_miss,
    is_changed_request,
)
from replay.verdicts.worlds_apart import failing_there, is_other_start

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~", "type_changed": "~", "moved": "~"}

REORDERED: Final = " (reordered)"
"""Follows the path of a list whose elements moved."""

_VALUES: Final = (
    (re.compile(r"https?://\S+"), "<url>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b", re.I), "<id>"),
    (re.compile(r"\b\w*\d[\w.:+-]*"), "<n>"),
    (re.compile(r"\[[^\[\]]*\]|\{[^{}]*\}"), "[...]"),
)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_IDENTIFIER: Final = re.compile(r"['\"`][A-Za-z_][A-Za-z_0-9.]*(\(\))?['\"`]")

_NAMES_CODE: Final = frozenset({"TypeError", "AttributeError", "NameError", "ImportError"})
"""Errors whose quoted words name code; other errors quote values, which differ by call."""

_TEXT_KEYS: Final = ("error", "message", "detail", "msg", "reason")


_AS_OF_WORKING_CALLS: Final = {
    Ending.REJECTED: Verdict.NOW_REJECTED,
    Ending.FAILING: Verdict.NOW_FAILING,
}
"""What `Verdict.ERROR_CHANGED` would be, had the call worked when it was recorded."""


def signature(verdict: CallVerdict, *, then: CallError | None = None) -> str:
    """Return the identity of the cause of ``verdict``: 12 hex digits, the same on every machine.

    ``then`` is the recorded error, of which nothing is today's doing; None: none is known.
    """
    replayed = verdict.replayed
    error = error_of(verdict)
    unshown = state_not_shown(verdict)
    if unshown is not None:  # the toolbox's doing, whichever tool was called
        return _hashed({"state": general_text(unshown)})
    if is_other_start(verdict):  # it differed before any tool was called
        return _hashed({"start": "another one"})
    words = {
        "tool": verdict.tool,
        "version": replayed.tool_version if replayed else None,
        "verdict": _kind(verdict).value,
        "stage": error.stage.value if error and error.stage else None,
        "carried": verdict.cause is Cause.CARRIED,
        "outcome": replayed.outcome.value if replayed else None,
        "error": error_identity(verdict, then=then),
        "paths": path_identity(verdict),
        "outside": _outside_identity(verdict),
    }
    if _answers_as_recorded(verdict):
        # Be it an error: only what is asked, or left behind, differs.
        words |= {"outcome": Outcome.OK.value, "stage": None, "error": None}
    if verdict.verdict is Verdict.UNANSWERED and words["outside"]:
        words |= {"outcome": None, "stage": None, "error": None, "paths": []}
    if (fails := failing_there(verdict)) is not None:
        words["on_old_state"] = general_text(fails)
    elif verdict.verdict is Verdict.EFFECT_CHANGED and verdict.state_paths:
        words["state"] = verdict.state_paths
    return _hashed(words)


def _answers_as_recorded(verdict: CallVerdict) -> bool:
    if verdict.verdict is Verdict.INTERACTIONS_CHANGED:
        return not has_miss(verdict.interaction_changes)
    return verdict.verdict is Verdict.EFFECT_CHANGED


def _kind(verdict: CallVerdict) -> Verdict:
    replayed = verdict.replayed
    if verdict.verdict is not Verdict.ERROR_CHANGED or replayed is None:
        return verdict.verdict
    return _AS_OF_WORKING_CALLS.get(ending(replayed.outcome), verdict.verdict)


def placeless_signature(verdict: CallVerdict) -> str:
    """Return what the signature of an effect is where nothing tells where the state differs."""
    if is_other_start(verdict):
        return signature(verdict)
    return signature(verdict.model_copy(update={"state_paths": [], "note": None}))


def _hashed(words: JsonObject) -> str:
    text = json.dumps(words, sort_keys=True)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def state_not_shown(verdict: CallVerdict) -> str | None:
    """Return what the toolbox's ``state`` raised, for a call not judged for that; else None."""
    if verdict.verdict is not Verdict.NOT_RUN or not (verdict.note or "").startswith(
        STATE_NOT_SHOWN
    ):
        return None
    return (verdict.note or "").removeprefix(STATE_NOT_SHOWN).lstrip(": ")


def _outside_identity(verdict: CallVerdict) -> list[str]:
    if verdict.verdict not in (Verdict.INTERACTIONS_CHANGED, Verdict.UNANSWERED):
        return []
    arguments = argument_values(verdict)
    return sorted({_request_identity(one, arguments) for one in verdict.interaction_changes})


def path_identity(verdict: CallVerdict) -> list[str]:
    """Return the differing paths that identify a cause; none where an error does.

    A new order beside other differences does not count: a list of one element shows none.
    """
    if ends_in_error(verdict):
        return []
    return identifying_paths(verdict.changes)


def identifying_paths(changes: Iterable[Change]) -> list[str]:
    """Return `signed_paths` without new orders, where anything else differs."""
    signed = signed_paths(changes)
    return [path for path in signed if not path.endswith(REORDERED)] or signed


def ends_in_error(verdict: CallVerdict) -> bool:
    """Return whether today's answer is an error, so that its words are the difference."""
    replayed = verdict.replayed
    return replayed is not None and (replayed.outcome in FAILING or replayed.outcome in REJECTED)


def signed_paths(changes: Iterable[Change]) -> list[str]:
    """Return the differing paths with their signs, generalised, sorted: ``-address.province``."""
    return sorted({_signed(change) for change in changes})


def error_of(verdict: CallVerdict) -> CallError | None:
    """Return today's error, or None when there is none."""
    return verdict.replayed.error if verdict.replayed else None


def error_identity(verdict: CallVerdict, *, then: CallError | None = None) -> list[str] | None:
    """Return what of today's error is the same for all calls with its cause; None: no error.

    ``then`` is the recorded error: what its details say already identifies nothing of today's.
    """
    if not ends_in_error(verdict):
        return None
    error = error_of(verdict)
    if error is not None and (said := _details(error)):
        return sorted(said - _details(then)) or sorted(said)
    kind = error.type if error else ""
    return [kind, general_text(error_text(verdict), error_type=kind)]


def error_text(verdict: CallVerdict) -> str:
    """Return the words of today's error: the exception's, or what the returned value says."""
    error = error_of(verdict)
    if error is not None and error.message:
        return said_error(error.message)
    response = verdict.replayed.response if verdict.replayed else None
    return said_error(response or "")


def said_error(response: str) -> str:
    """Return the error text inside a response: ``{"error": "No such file"}`` says it so."""
    value: JsonValue = read_response(response).value
    if isinstance(value, dict):
        for key in _TEXT_KEYS:
            if isinstance(value.get(key), str):
                return str(value[key])
    return response


def general_text(text: str, *, error_type: str = "") -> str:
    """Return an error's words without the values that differ from call to call."""
    first = text.strip().split("\n", 1)[0][:300]
    keeps_names = error_type in _NAMES_CODE or any(name in first for name in _NAMES_CODE)
    first = _QUOTED.sub(
        lambda quoted: (
            quoted[0]
            if (keeps_names or _names_argument(first)) and _IDENTIFIER.fullmatch(quoted[0])
            else "'*'"
        ),
        first,
    )
    for pattern, plain in _VALUES:
        first = pattern.sub(plain, first)
    return first


def _names_argument(text: str) -> bool:
    return "argument" in text or "is not defined" in text


def _signed(change: Change) -> str:
    moved = REORDERED if change.change == "moved" else ""
    return _SIGNS[change.change] + general_path(change.path) + moved


def _details(error: CallError | None) -> set[str]:
    details = error.details if error is not None and isinstance(error.details, list) else []
    return {_detail_identity(detail) for detail in details}


def _detail_identity(detail: Any) -> str:
    if not isinstance(detail, dict):
        return general_text(str(detail))
    loc = ".".join("*" if isinstance(part, int) else str(part) for part in detail.get("loc", ()))
    return f"{detail.get('type', '')} {loc}"


def _request_identity(change: InteractionChange, arguments: frozenset[str]) -> str:
    request = general_request(change.request, arguments)
    kind = "changed" if is_changed_request(change) else change.change
    return f"{kind} {request} {general_field(change.field)}"


def general_field(field: str | None) -> str:
    """Return ``body.items[3].amount`` with its index taken out; any other text as it is."""
    try:
        return general_path(field or "")
    except ValueError:
        return field or ""
