"""The worker's side of evidence: captured arguments through today's validators, and what differs.

The path of a hundred thousand calls: what is the same costs one parse, one validation and one look
at the bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
from pydantic_core import to_json

from replay.records import JsonObject, JsonValue, Outcome
from replay.replayer.questions.compared import short
from replay.tools.arguments import BadJson, parse_arguments
from replay.tools.encoding import NotJson, as_json
from replay.tools.observer import CallStart
from replay.tools.outcome import CallProgress
from replay.tools.resolve import (
    UnknownTool,
    is_older,
    meant_call,
    resolve_tool,
    translated_arguments,
)
from replay.tools.tool import Tool
from replay.tools.toolbox import Toolbox
from replay.tools.translations import ToolVersion, TranslationFailed
from replay.tools.validate import InvalidArguments, validated_arguments
from replay.verdicts import paths
from replay.verdicts.diffing import diff_values

_PLAIN_SORTED: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
_ERRORS_MAX: Final = 20
"""Of one call: a list of a thousand wrong items is one mistake."""


def compare_captured(toolbox: Toolbox, asked: JsonObject) -> list[Any]:
    """Return the answer to each item of ``asked``; see `compared.compared_of`."""
    terms = [_Comparison(toolbox, one) for one in asked["terms"]]
    return [terms[item[0]].answer(item) for item in asked["items"]]


class _Comparison:
    """One kind of captured calls, and the tool that takes them today."""

    def __init__(self, toolbox: Toolbox, terms: JsonObject) -> None:
        self._toolbox = toolbox
        self._tool_name: str = terms["tool"]
        self._actor = terms["actor"]
        self._old: str | None = terms["from_version"]
        self._watched: list[tuple[list[str | int | None], bool]] = terms["watched"]
        self._is_unread: bool = terms["is_unread"]
        self._found: Tool | None = None

    def answer(self, item: list[Any]) -> Any:
        """Return a number where the arguments are accepted and read as they were, else an object.

        ``item``: number of the terms, raw arguments, and where there are any: positional ones,
        whether a payload was recorded, and that payload.
        """
        positional = item[2] if len(item) > 2 else None
        start = CallStart("question", self._tool_name, item[1], "", positional, actor=self._actor)
        progress = CallProgress(start)
        told: JsonObject = {}
        values: JsonObject = {}
        given: JsonObject = {}
        try:
            given = values = parse_arguments(start.arguments).values
            is_raw = True
            meant = meant_call(self._toolbox, start, self._old)
            tool = self._found or self._resolve(meant)
            if is_older(meant, start, tool, self._old):
                given, is_raw = translated_arguments(
                    self._toolbox, tool, self._old, values, progress
                )
            arguments = validated_arguments(tool, start, given, progress, is_raw=is_raw)
            if progress.is_translated:
                told["translated"] = True
            elif len(item) > 3 and item[3]:
                told |= _changes(item[4], arguments)
            elif not positional:  # these have no names: there is nothing to compare with
                told |= _changes(_named(tool, values), arguments, is_unread=self._is_unread)
        except BadJson as error:
            told = {"outcome": Outcome.BAD_JSON, "message": str(error)}
        except UnknownTool as error:
            told = {"outcome": Outcome.UNKNOWN_TOOL, "message": str(error)}
        except TranslationFailed as error:
            said = str(error)
            told = {"outcome": Outcome.FAILED, "message": said, "stage": "translate"}
        except InvalidArguments as error:
            told = {"outcome": Outcome.INVALID_ARGUMENTS, "message": str(error)}
        except Exception as error:  # noqa: BLE001 -- a validator of the user's raised: an answer
            said = f"{type(error).__name__}: {error}"
            told = {"outcome": Outcome.FAILED, "message": said, "stage": progress.stage}
        if progress.schema_errors:
            told["errors"] = _misfits(progress.schema_errors, given)
        concerned = _concerned(values, self._watched) if self._watched else 0
        if not told:
            return concerned
        return {**told, "concerned": concerned} if concerned else told

    def _resolve(self, start: CallStart) -> Tool:
        tool = resolve_tool(self._toolbox, start)
        if self._toolbox.route_hook is None and not self._toolbox.rollouts:
            self._found = tool
            if start.tool == self._tool_name and not self._leads_on(tool):
                self._old = None
        return tool

    def _leads_on(self, tool: Tool) -> bool:
        """Whether translations lead from the version that the model was shown to ``tool``."""
        if self._old is None:
            return False
        old, end = ToolVersion(tool.name, self._old or None), ToolVersion(tool.name, tool.version)
        return old != end and self._toolbox.translations.chain_between(old, end) is not None


def _named(tool: Tool, values: JsonObject) -> JsonObject:
    """Return arguments as a payload has them: a model that takes all of them has a name."""
    whole = tool.signature.whole_payload
    return {whole: values} if whole is not None and tool.gates else values


def _changes(recorded: JsonValue, arguments: JsonObject, *, is_unread: bool = False) -> JsonObject:
    """Return where the payload that ``arguments`` make differs from the recorded one.

    ``is_unread``: ``recorded`` is what the model wrote; see `Terms`.
    """
    if _is_plainly(recorded, arguments):
        return {}
    try:
        payload = as_json(arguments)
    except NotJson as error:
        return {"message": f"The payload cannot be shown as JSON: {error}"}
    changes = diff_values(recorded, payload)
    if is_unread:
        changes = [one for one in changes if not _is_one_number(one.recorded, one.replayed)]
    if not changes:
        return {}
    return {
        "changes": [
            [one.path, str(one.change), short(one.recorded), short(one.replayed)]
            for one in changes[:_ERRORS_MAX]
        ]
    }


def _is_one_number(old: object, new: object) -> bool:
    return type(old) is int and type(new) is float and old == new


def _is_plainly(recorded: JsonValue, arguments: JsonObject) -> bool:
    """Whether JSON says of ``arguments`` just what was recorded; False may be wrong, True is not.

    Of models and dates `as_json` makes the same, at many times the cost.
    """
    try:
        before = orjson.dumps(recorded, option=_PLAIN_SORTED)
        try:
            now = orjson.dumps(arguments, option=_PLAIN_SORTED)
            if b"null" not in now:  # it may have been a NaN
                return now == before
        except TypeError:
            pass
        return before == orjson.dumps(orjson.loads(to_json(arguments)), option=_PLAIN_SORTED)
    except Exception:  # noqa: BLE001 -- whatever a value of the user's does: the longer look tells
        return False


def _misfits(errors: Sequence[JsonObject], values: JsonObject) -> list[list[JsonValue]]:
    return [
        [
            error["type"],
            paths.written(place_of_error(error["loc"], values, error["type"])),
            error["msg"],
            None if error["type"] in _ABSENT else short(error["input"]),
        ]
        for error in errors[:_ERRORS_MAX]
    ]


_ABSENT: Final = frozenset(("missing", "missing_argument", "missing_keyword_only_argument"))


def place_of_error(loc: Sequence[str | int], values: JsonValue, kind: str) -> list[str | int]:
    """Return the place in ``values`` that pydantic's ``loc`` names.

    It names branches of unions and tags between the keys, and what stands nowhere: these are left
    out, but for the name of a field that is missing.
    """
    parts: list[str | int] = []
    holder = values
    for depth, part in enumerate(loc):
        is_there = (
            part in holder
            if isinstance(holder, dict)
            else isinstance(holder, list) and isinstance(part, int) and part < len(holder)
        )
        if is_there:
            parts.append(part)
            holder = holder[part]
        elif depth == len(loc) - 1 and kind in _ABSENT:
            parts.append(part)
    return parts


def _concerned(
    values: JsonValue, watched: Sequence[tuple[Sequence[str | int | None], bool]]
) -> int:
    found = 0
    for number, (place, is_carried) in enumerate(watched):
        if _is_so(values, place, is_carried):
            found |= 1 << number
    return found


def _is_so(holder: Any, place: Sequence[str | int | None], is_carried: bool) -> bool:
    """Whether anything that could hold ``place`` is there and does so, or does not."""
    for depth, part in enumerate(place):
        if isinstance(holder, list):
            rest = place[depth + 1 :]
            if part is None:
                return any(_is_so(item, rest, is_carried) for item in holder)
            if not isinstance(part, int) or part >= len(holder):
                return False
            holder = holder[part]
        elif isinstance(holder, dict) and isinstance(part, str):
            if part not in holder:
                return not is_carried and depth == len(place) - 1
            holder = holder[part]
        else:
            return False
    return is_carried
