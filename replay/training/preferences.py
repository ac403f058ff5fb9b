"""Preference pairs: what should have been done, beside what was done, for one and the same prompt.

Four sources, counted in the data card: corrections by people; retries (the call was rejected as
invalid, the next one of the same tools ended well); the same prompt answered well elsewhere, by
another model or version; and calls written for an older version of a tool that today's reads by a
translation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from replay.records import JsonObject
from replay.training.chat import with_own_ids
from replay.training.corrections import corrected_output
from replay.training.decisions import Decision
from replay.training.formats import Context, Conversation, Example
from replay.training.identity import digest, normal, prompt_digest
from replay.training.judging import calls_problem


def preference_pairs(conversation: Conversation, context: Context) -> Iterator[Example]:
    """Yield OpenAI's ``{"input", "preferred_output", "non_preferred_output"}``."""
    for place, (decision, ruling) in enumerate(conversation):
        if decision.output is None:
            context.left_out["no answer was recorded"] += 1
            continue
        yield from _translations(decision, context)
        if not ruling.is_wrong:
            # A tool's failure is no mistake of the model's: nothing else would have been better.
            context.left_out[f"no pair: {ruling.reason or 'nothing wrong with it'}"] += 1
            continue
        found = list(_better(decision, conversation[place + 1 : place + 2], context))
        if not found:
            context.left_out["no pair: nothing better is known"] += 1
        for output, source in found:
            yield _pair(decision, decision.tools, output, decision.output, source)


def _better(
    decision: Decision, following: Conversation, context: Context
) -> Iterator[tuple[JsonObject, str]]:
    if decision.corrections:
        output, problem = corrected_output(decision)
        if output is not None:
            yield output, "correction"
            return
        context.left_out[str(problem)] += 1
    for later, ruling in following:
        if ruling.reason is None and later.output and _same_shape(decision, later):
            yield _without_words(later.output), "retry"
            return
    key = prompt_digest(decision.prompt, decision.tools)
    for output in context.better.get(key, [])[:1]:
        yield output, "same prompt"


def _same_shape(decision: Decision, later: Decision) -> bool:
    """The retry asks for as many calls, and says nothing that only the refusal could tell it."""
    first, second = (
        (decision.output or {}).get("tool_calls"),
        (later.output or {}).get("tool_calls"),
    )
    if not first or not second or len(first) != len(second):
        return False
    if calls_problem(later.output or {}, decision.tools) is not None:
        return False
    names = [[call["function"]["name"] for call in calls] for calls in (first, second)]
    shown = {tool["function"]["name"] for tool in decision.tools if "function" in tool}
    return names[0] == names[1] or any(name not in shown for name in names[0])


def _without_words(output: JsonObject) -> JsonObject:
    """A retry often begins with an apology for a mistake that, here, was never made."""
    return {**output, "content": None}


def _translations(decision: Decision, context: Context) -> Iterator[Example]:
    """Today's reading of an old call, wanted; the old call itself, not wanted any more."""
    output = decision.output
    if output is None or not any(call.id in context.translated for call in decision.calls):
        return
    wanted = [dict(call) for call in output.get("tool_calls") or ()]
    tools = {tool["function"]["name"]: tool for tool in decision.tools if "function" in tool}
    if len(wanted) != len(decision.calls):
        return
    for place, call in enumerate(decision.calls):
        read = context.translated.get(call.id)
        if read is None:
            continue
        if read["definition"] is None:
            context.left_out["read by a translation; today's schema is not in the database"] += 1
            return
        text = json.dumps(read["arguments"], ensure_ascii=False)
        function = {"name": read["tool"], "arguments": text}
        wanted[place] = {**wanted[place], "function": function}
        tools.pop(call.tool, None)
        tools[read["tool"]] = read["definition"]
    shown = list(tools.values())
    better = {**output, "tool_calls": wanted}
    if calls_problem(better, shown) is None:
        yield _pair(decision, shown, better, output, "translation")


def _pair(
    decision: Decision,
    tools: list[JsonObject],
    wanted: JsonObject,
    unwanted: JsonObject,
    source: str,
) -> Example:
    *prompt, better = with_own_ids([*decision.prompt, wanted])
    worse = with_own_ids([*decision.prompt, unwanted])[-1]
    shown: JsonObject = {"messages": prompt}
    if tools:
        shown |= {"tools": tools, "parallel_tool_calls": True}
    line: JsonObject = {
        "input": shown,
        "preferred_output": [better],
        "non_preferred_output": [worse],
    }
    names = {call["function"]["name"] for call in wanted.get("tool_calls") or ()}
    same = digest(normal(decision.prompt), tools, normal([wanted]), normal([unwanted]))
    return Example(
        line,
        decision.trace_id,
        decision.call.step_number,
        same,
        tuple(sorted(names)),
        decision.model,
        source,
    )
