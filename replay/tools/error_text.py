"""What a model is told when a call did not end well: short, exact, and possible to act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from replay.records import JsonObject, JsonValue, Outcome, Stage
from replay.records.quotes import quoted

_SHOWN_MAX = 10


@dataclass(frozen=True, slots=True)
class CallFailure:
    """A call that did not end well, as ``@toolbox.error_text`` gets it."""

    tool: str
    outcome: Outcome
    stage: Stage
    message: str
    """What went wrong, without a traceback; for an exception its own text."""
    error_type: str
    """Class name of the exception, e.g. ``ValueError``."""
    errors: list[JsonObject] = field(default_factory=list)
    """For ``invalid_arguments``: pydantic's error list (``loc``, ``type``, ``msg``, ``input``)."""
    details: JsonValue = None
    """What a ``Refused``, ``Denied`` or ``Throttled`` carries."""
    code: str | None = None
    nearest: str | None = None
    """The nearest tool that exists, for ``unknown_tool``."""
    names: Sequence[str] = ()
    """What exists: tools for ``unknown_tool``, the tool's arguments for ``invalid_arguments``."""
    arguments: str = ""
    """The model's raw text."""
    error: BaseException | None = None
    """The exception itself, or None."""

    def __str__(self) -> str:
        return default_error_text(self)


def default_error_text(failure: CallFailure) -> str:
    """Return the text that a model is told of ``failure`` unless the toolbox has its own."""
    outcome = failure.outcome
    if outcome is Outcome.UNKNOWN_TOOL:
        return _unknown_tool(failure)
    if outcome is Outcome.BAD_JSON:
        return (
            f"Error: the arguments of {failure.tool} could not be read. {failure.message} "
            "Call it again with one complete JSON object."
        )
    if outcome is Outcome.INVALID_ARGUMENTS:
        return _invalid_arguments(failure)
    if outcome is Outcome.TIMEOUT:
        return f"Error: {failure.tool} did not answer in time. {failure.message}"
    if outcome is Outcome.CANCELLED:
        return f"Error: the call of {failure.tool} was cancelled."
    if outcome in (Outcome.REFUSED, Outcome.DENIED, Outcome.THROTTLED):
        code = f" [{failure.code}]" if failure.code else ""
        return f"Error: {failure.tool} {outcome.value}{code}: {failure.message}"
    said = f"{failure.error_type}: {failure.message}" if failure.message else failure.error_type
    return f"Error: {failure.tool} failed: {said}"


def nearest_name(name: str, names: Sequence[str]) -> str | None:
    """Return the one of ``names`` that ``name`` was probably meant to be, or None."""
    folded = {_folded(known): known for known in reversed(names)}
    if _folded(name) in folded:
        return folded[_folded(name)]
    close = get_close_matches(_folded(name), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(".", "").lower()


def _unknown_tool(failure: CallFailure) -> str:
    nearest = f" Did you mean {failure.nearest}?" if failure.nearest else ""
    if not failure.names:
        return f"Error: there is no tool {failure.tool!r}; there are no tools."
    shown = ", ".join(failure.names[:30]) + (", ..." if len(failure.names) > 30 else "")
    return f"Error: there is no tool {failure.tool!r}.{nearest} The tools are: {shown}."


def _invalid_arguments(failure: CallFailure) -> str:
    lines = [_one_error(error, failure.names) for error in failure.errors[:_SHOWN_MAX]]
    if not lines:
        return f"Error: {failure.tool} cannot take these arguments: {failure.message}"
    if len(failure.errors) > _SHOWN_MAX:
        lines.append(f"- and {len(failure.errors) - _SHOWN_MAX} more")
    return "\n".join(
        [
            f"Error: the arguments of {failure.tool} are invalid; it was not run.",
            *lines,
            "Correct them and call it again.",
        ]
    )


def _one_error(error: JsonObject, names: Sequence[str]) -> str:
    place = argument_path(error.get("loc", ()))
    kind = error.get("type", "")
    if kind == "missing":
        return f"- {place}: required, but missing."
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        nearest = nearest_name(str(error["loc"][-1]), names) if len(error["loc"]) == 1 else None
        meant = f" Did you mean {nearest}?" if nearest else ""
        known = f" It takes: {', '.join(names)}." if names and not nearest else ""
        return f"- {place}: there is no such argument.{meant}{known}"
    message = str(error.get("msg", "")).rstrip(".")
    return f"- {place}: {message[:1].lower()}{message[1:]}; got {quoted(error.get('input'))}."


def argument_path(loc: Sequence[Any]) -> str:
    """Return a pydantic location as a path: ``items[0].price``; the whole is ``arguments``."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text or "arguments"
