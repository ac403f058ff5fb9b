"""The worker's side: what its tools are, and whether arguments fit them. No tool runs here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
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
from replay.tools.endings import class_name
from replay.tools.observer import CallStart
from replay.tools.older_results import translated_response
from replay.tools.outcome import CallProgress
from replay.tools.resolve import (
    UnknownTool,
    is_older,
    meant_call,
    resolve_tool,
    translated_arguments,
)
from replay.tools.schemas import DIALECTS
from replay.tools.sources import where_is
from replay.tools.tool import Tool
from replay.tools.toolbox import Toolbox
from replay.tools.translations import TranslationFailed, TranslationStep
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
        "translations": [_step(step) for step in toolbox.translations.steps()],
        "result_translations": [_step(step) for step in toolbox.result_translations.steps()],
        "tools": [
            {**_description(tool), "runs": id(tool) in running} for tool in toolbox.all_versions()
        ],
    }


def _step(step: TranslationStep) -> JsonObject:
    code = getattr(inspect.unwrap(step.function), "__code__", None)
    return {
        "tool": step.old.tool,
        "old": step.old.version,
        "to": step.new.tool,
        "new": step.new.version,
        "drops": list(step.drops),
        "file": None if code is None else code.co_filename,
        "line": None if code is None else code.co_firstlineno,
    }


def _description(tool: Tool) -> JsonObject:
    file, line = where_is(tool)
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
        "replay": tool.options.replay,
        "raises": _exception_names(tool.options.raises),
        "contract": None if tool.options.contract is None else tool.options.contract.plain(),
        "idempotent": tool.options.idempotent,
        "file": file,
        "line": line,
    }


def _exception_names(declared: Iterable[type[BaseException]]) -> list[str]:
    """Return the classes and all that are derived from them, as errors name them."""
    named: dict[str, None] = {}
    waiting = list(declared)
    while waiting:
        kind = waiting.pop()
        named[class_name(kind)] = None
        waiting += type.__subclasses__(kind)
    return sorted(named)


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
        model=asked.get("model"),
        trace_id=asked.get("trace_id"),
    )
    progress = CallProgress(start)
    answer: JsonObject = {"outcome": Outcome.OK}
    try:
        parsed = parse_arguments(start.arguments)
        old = asked.get("from_version")
        meant = meant_call(toolbox, start, old)
        tool = _meant(toolbox, meant, asked)
        answer["version"] = tool.version
        values, is_raw = parsed.values, True
        if is_older(meant, start, tool, old):
            values, is_raw = translated_arguments(toolbox, tool, old, values, progress)
            if progress.is_translated:
                answer["translated"] = as_json(values)
        arguments = validated_arguments(tool, start, values, progress, is_raw=is_raw)
        progress.lap(None)
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
    if not progress.timings:
        progress.lap(None)
    answer["duration_us"] = round(progress.duration_ms * 1000, 1)
    if progress.schema_errors:
        answer["errors"] = progress.schema_errors
    if progress.notes:
        answer["notes"] = progress.notes
    return answer


def _carried(toolbox: Toolbox, asked: JsonObject) -> JsonObject:
    """A payload along a chain of translations; see ``chains.carried``."""
    from replay.replayer.questions.chains import carried, carried_result

    return (carried_result if asked.get("of_result") else carried)(toolbox, asked)


def _older_result(toolbox: Toolbox, asked: JsonObject) -> JsonObject:
    """A recorded response as today's version would give it, and a note; empty: as it is."""
    older = translated_response(toolbox, asked["tool"], asked["version"], asked["response"])
    return {} if older is None else {"response": older.response, "note": older.note}


def _meant(toolbox: Toolbox, start: CallStart, asked: JsonObject) -> Tool:
    if "version" not in asked:
        return resolve_tool(toolbox, start, asked.get("parser", ""), asked.get("from_version"))
    versions = toolbox.versions(start.tool, start.actor)
    if asked["version"] not in versions:
        raise UnknownTool(start.tool, toolbox.names(start.actor))
    return versions[asked["version"]]


_QUESTIONS: Final[dict[str, Callable[[Toolbox, JsonObject], JsonObject]]] = {
    "tools": _described,
    "arguments": _judged,
    "translations": _carried,
    "results": _older_result,
}

_WHOLE: Final[dict[str, Callable[[Toolbox, JsonObject], list[JsonValue]]]] = {
    "captured": compare_captured,
}
"""What is asked of many items at once, which share something."""
