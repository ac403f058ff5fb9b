"""The worker's side: what its tools are, and whether arguments fit them. No tool runs here."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Final

from pydantic import TypeAdapter

import cassettes
from cassettes.world.code import IMPORT_EPOCH_S
from replay.errors import ToolboxError
from replay.records import JsonObject, JsonValue, Outcome
from replay.replayer.channel import Channel
from replay.replayer.questions.rereading import compare_captured
from replay.tools.arguments import BadJson, parse_arguments
from replay.tools.encoding import NotJson, as_json
from replay.tools.observer import CallStart
from replay.tools.outcome import CallProgress
from replay.tools.resolve import UnknownTool, resolve_tool, translated_arguments
from replay.tools.schemas import DIALECTS
from replay.tools.tool import Tool
from replay.tools.toolbox import Toolbox
from replay.tools.translations import TranslationFailed
from replay.tools.validate import InvalidArguments, validated_arguments


def answer_questions(toolbox: Toolbox, channel: Channel) -> None:
    """Answer one message after the other until the asker closes the pipe."""
    while (asked := channel.receive()) is not None:
        nothing = cassettes.Cassette("questions", mode="replay")
        with cassettes.freeze(nothing, at=IMPORT_EPOCH_S, seed="questions"):
            if asked["about"] in _WHOLE:
                answers = _WHOLE[asked["about"]](toolbox, asked)
            else:
                about = _QUESTIONS[asked["about"]]
                answers = [about(toolbox, one) for one in asked["items"]]
        channel.send({"t": "answers", "n": asked["n"], "answers": answers})


def _described(toolbox: Toolbox, _: JsonObject) -> JsonObject:
    """Every version of every tool; see ``asking.DescribedTool``."""
    running = {id(tool) for tool in toolbox.tools()}
    return {
        "toolbox": toolbox.name,
        "translations": toolbox.translations.steps(),
        "has_route": toolbox.route_hook is not None,
        "tools": [
            {**_description(tool), "runs": id(tool) in running} for tool in toolbox.all_versions()
        ],
    }


def _description(tool: Tool) -> JsonObject:
    file, line = _where(tool)
    shown, not_shown = {}, {}
    for dialect in DIALECTS:
        try:
            shown[dialect] = tool.definition(dialect)
        except ToolboxError as error:
            not_shown[dialect] = error.wanted
    return {
        "name": tool.name,
        "version": tool.version,
        "actor": tool.options.actor,
        "description": tool.description,
        "parameters": tool.parameters,
        "result": _result_schema(tool),
        "shown": shown,
        "not_shown": not_shown,
        "schema_hash": tool.schema_hash,
        "gates": tool.gates,
        "strict": tool.options.strict,
        "is_given": tool.given_schema is not None,
        "file": file,
        "line": line,
    }


def _where(tool: Tool) -> tuple[str | None, int | None]:
    """Return the file and the line of the tool's function; None where Python knows of none."""
    function = inspect.unwrap(tool.function)
    code = getattr(function, "__code__", None)
    if code is None:
        return None, None
    return code.co_filename, code.co_firstlineno


def _result_schema(tool: Tool) -> JsonValue:
    """Return the JSON Schema of what the function says it returns; None: it does not say."""
    try:
        hint = inspect.get_annotations(inspect.unwrap(tool.function), eval_str=True).get("return")
        if hint is None or hint is inspect.Signature.empty:
            return None
        return TypeAdapter(hint).json_schema(mode="serialization")
    except Exception:  # noqa: BLE001 -- whatever an annotation does: it describes no JSON
        return None


def _judged(toolbox: Toolbox, asked: JsonObject) -> JsonObject:
    """Whether arguments fit, after translation where they are older; see ``asking.Judged``."""
    start = CallStart(
        request_id="question",
        tool=asked["tool"],
        arguments=asked["arguments"],
        positional=asked.get("positional"),
        actor=asked.get("actor", "assistant"),
    )
    progress = CallProgress(start)
    answer: JsonObject = {"outcome": Outcome.OK}
    try:
        parsed = parse_arguments(start.arguments)
        tool = _meant(toolbox, start, asked)
        answer["version"] = tool.version
        values, is_raw = parsed.values, True
        old = asked.get("from_version")
        if old is not None and old != tool.version:
            values, is_raw = translated_arguments(toolbox, tool, old, values, progress)
            if progress.is_translated:
                answer["translated"] = as_json(values)
        arguments = validated_arguments(tool, start, values, progress, is_raw=is_raw)
        answer["payload"] = as_json(arguments)
    except BadJson as error:
        answer |= {"outcome": Outcome.BAD_JSON, "message": str(error)}
    except UnknownTool as error:
        answer |= {"outcome": Outcome.UNKNOWN_TOOL, "message": str(error)}
    except TranslationFailed as error:
        answer |= {"outcome": Outcome.FAILED, "message": str(error), "stage": "translate"}
    except InvalidArguments as error:
        answer |= {"outcome": Outcome.INVALID_ARGUMENTS, "message": str(error)}
    except NotJson as error:
        answer["message"] = f"The payload cannot be shown as JSON: {error}"
    except Exception as error:  # noqa: BLE001 -- a validator of the user's raised: that is an answer
        said = f"{type(error).__name__}: {error}"
        answer |= {"outcome": Outcome.FAILED, "message": said, "stage": progress.stage}
    if progress.schema_errors:
        answer["errors"] = progress.schema_errors
    if progress.notes:
        answer["notes"] = progress.notes
    return answer


def _meant(toolbox: Toolbox, start: CallStart, asked: JsonObject) -> Tool:
    if "version" not in asked:
        return resolve_tool(toolbox, start)
    versions = toolbox.versions(start.tool, start.actor)
    if asked["version"] not in versions:
        raise UnknownTool(start.tool, toolbox.names(start.actor))
    return versions[asked["version"]]


_QUESTIONS: Final[dict[str, Callable[[Toolbox, JsonObject], JsonObject]]] = {
    "tools": _described,
    "arguments": _judged,
}

_WHOLE: Final[dict[str, Callable[[Toolbox, JsonObject], list[JsonValue]]]] = {
    "captured": compare_captured,
}
"""What is asked of many items at once, which share something."""
