"""How an imported call ended: no more than the file says.

A text that only sounds like an error is an answer: how tools say that they failed, only the toolbox
that replays them can tell (``@toolbox.failure``).
"""

from __future__ import annotations

import re
from typing import Any, Final

from replay.recorder.unseen import fits, tool_schema
from replay.records import CallError, Outcome, Stage
from replay.records.unknown_tools import says_unknown
from replay.tools.arguments import BadJson, parse_arguments

_SAYS_INVALID: Final = re.compile(
    r"arguments? of \S+ (are|is) invalid|invalid (tool )?(arguments|input|parameters)"
    r"|validation errors?\b|field required|missing required",
    re.IGNORECASE,
)
_OURS: Final = re.compile(r"Error: the arguments of \S+ are invalid; it was not run\.")
"""What a toolbox of replay's tells the model, unless the user has words of their own."""
_TEXT_LOOKED_AT: Final = 2000


def outcome_of(
    tool: str,
    arguments: str,
    *,
    text: str | None,
    is_error: bool | None,
    tools: list[Any] | None,
    names: set[str],
    free_text: bool = False,
    error: CallError | None = None,
) -> tuple[Outcome, CallError | None]:
    """Return the outcome of a call that was answered with ``text``, and its error.

    ``is_error``: whether the answer is marked as a failure; None: the source does not say.
    ``tools``: the definitions that the model was shown (None: arguments are not held against
    them); ``names``: the names of what it was shown. ``error``: what a source says of the failure.
    """
    complaint = None if free_text else _complaint_of(arguments)
    if complaint and is_error is not False:
        return Outcome.BAD_JSON, CallError(type="BadJson", message=complaint, stage=Stage.PARSE)
    if names and tool not in names and says_unknown(text, is_error, tool):
        return Outcome.UNKNOWN_TOOL, CallError(
            type="UnknownTool", message=text or "", stage=Stage.RESOLVE
        )
    if not complaint and _is_rejected(tool, arguments, text, is_error, tools):
        message = text or (error.message if error else "")
        return Outcome.INVALID_ARGUMENTS, CallError(
            type="InvalidArguments", message=message, stage=Stage.VALIDATE
        )
    if is_error:
        return Outcome.FAILED, error or CallError(type="Error", message=text or "")
    return Outcome.OK, None


def _is_rejected(
    tool: str, arguments: str, text: str | None, is_error: bool | None, tools: list[Any] | None
) -> bool:
    """Whether the arguments do not fit what the model was shown, and the answer says so.

    Both facts are needed: real tools answer calls that their schema forbids, and fail at them.
    Where it is not known what the model was shown, the mark of an error stands in.
    """
    said = (text or "")[:_TEXT_LOOKED_AT]
    if _OURS.match(said):
        return True
    if tools is None or is_error is False or not _SAYS_INVALID.search(said):
        return False
    schema = _shown_schema(tools, tool)
    if schema is None:
        return is_error is True and not tools
    return not fits(parse_arguments(arguments).values, schema, schema)


def _shown_schema(tools: list[Any], tool: str) -> Any:
    for one in tools:
        if isinstance(one, dict) and one.get("name") == tool and "input_schema" in one:
            return one["input_schema"]
    return tool_schema(tools, tool)


def _complaint_of(arguments: str) -> str | None:
    try:
        parse_arguments(arguments)
    except BadJson as error:
        return str(error)
    return None


def tool_name(tool: Any) -> str | None:
    """Return the name in a tool's definition, whatever API it is of; None: it has none."""
    if not isinstance(tool, dict):
        return None
    for holder in (tool.get("function"), tool.get("custom"), tool):
        if isinstance(holder, dict) and isinstance(holder.get("name"), str):
            return str(holder["name"])
    return None
