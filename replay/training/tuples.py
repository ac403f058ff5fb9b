"""Tuples: prompt, tool call, tool result, human feedback; one line for each tool call."""

from __future__ import annotations

from collections.abc import Iterator

from replay.interchange.human_feedback import human_feedback
from replay.records import JsonObject, ToolCall
from replay.training.decisions import Decision
from replay.training.formats import Context, Conversation, Example
from replay.training.identity import digest, normal
from replay.training.judging import parsed


def tuples(conversation: Conversation, context: Context) -> Iterator[Example]:
    """Yield the calls of the decisions that are kept."""
    for decision, ruling in conversation:
        if ruling.reason is not None:
            context.left_out[ruling.reason] += 1
            continue
        for call in decision.calls:
            yield _tuple(decision, call, context)


def _tuple(decision: Decision, call: ToolCall, context: Context) -> Example:
    said = [one for one in decision.feedback if one.step_number == call.step_number]
    said += [one for one in decision.feedback if one.step_number == decision.call.step_number]
    said += decision.trace_feedback
    result: JsonObject = {"outcome": str(call.outcome), "content": call.response}
    if call.error is not None:
        result["error"] = {"type": call.error.type, "message": call.error.message}
    line: JsonObject = {
        "id": call.id,
        "trace_id": call.trace_id,
        "step_number": call.step_number,
        "model": decision.model,
        "prompt": {"messages": decision.prompt, "tools": decision.tools},
        "tool_call": {
            "id": call.provider_call_id,
            "index": call.call_index,
            "name": call.tool,
            "arguments": call.arguments,
        },
        "tool_result": result,
        "human_feedback": [human_feedback(one, call) for one in said],
    }
    arguments = parsed(call.arguments)
    same = digest(
        normal(decision.prompt),
        decision.tools,
        [call.tool, call.arguments if arguments is None else arguments],
        result,
        line["human_feedback"],
    )
    return Example(line, call.trace_id, call.step_number, same, (call.tool,), decision.model)
