"""The agent that everyone writes, in all the ways in which the OpenAI client lets one write it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI, OpenAI

TOOLS = {
    "get_weather": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string"}},
        "required": ["city"],
    },
    "search_flights": {
        "type": "object",
        "properties": {"to": {"type": "string"}},
        "required": ["to"],
    },
}
CHAT_TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": schema}}
    for name, schema in TOOLS.items()
]
RESPONSES_TOOLS: list[Any] = [
    {"type": "function", "name": name, "parameters": schema, "strict": False}
    for name, schema in TOOLS.items()
]

Tool = Callable[..., Any]


def run_tool(tools: dict[str, Tool], name: str, arguments: str) -> str:
    """What the model is told about one call, as most agents do it."""
    if name not in tools:
        return f"Error: there is no tool {name}"
    try:
        parsed = json.loads(arguments or "{}")
    except ValueError:
        return "Error: the arguments are not JSON"
    try:
        return json.dumps(tools[name](**parsed))
    except Exception as error:  # noqa: BLE001 -- agents tell the model, whatever it was
        return f"Error: {error}"


def chat_agent(
    client: OpenAI, question: str, tools: dict[str, Tool], *, stream: bool = False
) -> list[Any]:
    """Hold one conversation through chat completions; returns its messages."""
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        options: Any = {"model": "gpt-5", "messages": messages, "tools": CHAT_TOOLS}
        if stream:
            message = _joined(list(client.chat.completions.create(**options, stream=True)))
        else:
            said = client.chat.completions.create(**options).choices[0].message
            message = said.model_dump(exclude_none=True)
        messages.append(message)
        if not message.get("tool_calls"):
            return messages
        messages += [_chat_answer(call, tools) for call in message["tool_calls"]]


async def async_chat_agent(
    client: AsyncOpenAI, question: str, tools: dict[str, Tool], *, stream: bool = False
) -> list[Any]:
    """The same, async; the calls of one turn run side by side, in threads."""
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        options: Any = {"model": "gpt-5", "messages": messages, "tools": CHAT_TOOLS}
        if stream:
            chunks = [c async for c in await client.chat.completions.create(**options, stream=True)]
            message = _joined(chunks)
        else:
            said = (await client.chat.completions.create(**options)).choices[0].message
            message = said.model_dump(exclude_none=True)
        messages.append(message)
        if not message.get("tool_calls"):
            return messages
        calls = [asyncio.to_thread(_chat_answer, call, tools) for call in message["tool_calls"]]
        messages += await asyncio.gather(*calls)


def responses_agent(
    client: OpenAI, question: str, tools: dict[str, Tool], *, stream: bool = False
) -> list[Any]:
    """Hold one conversation through Responses, each request only a delta of the last."""
    items: list[Any] = [{"role": "user", "content": question}]
    fresh, previous = list(items), None
    while True:
        options: Any = {"model": "gpt-5", "input": fresh, "tools": RESPONSES_TOOLS}
        if previous is not None:
            options["previous_response_id"] = previous
        if stream:
            events = list(client.responses.create(**options, stream=True))
            response = events[-1].response
        else:
            response = client.responses.create(**options)
        previous = response.id
        items += [item.model_dump(exclude_none=True) for item in response.output]
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            return items
        fresh = [_responses_answer(call, tools) for call in calls]
        items += fresh


async def async_responses_agent(
    client: AsyncOpenAI, question: str, tools: dict[str, Tool], *, stream: bool = False
) -> list[Any]:
    """The same, async."""
    items: list[Any] = [{"role": "user", "content": question}]
    fresh, previous = list(items), None
    while True:
        options: Any = {"model": "gpt-5", "input": fresh, "tools": RESPONSES_TOOLS}
        if previous is not None:
            options["previous_response_id"] = previous
        if stream:
            events = [
                event async for event in await client.responses.create(**options, stream=True)
            ]
            response = events[-1].response
        else:
            response = await client.responses.create(**options)
        previous = response.id
        items += [item.model_dump(exclude_none=True) for item in response.output]
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            return items
        answers = [asyncio.to_thread(_responses_answer, call, tools) for call in calls]
        fresh = list(await asyncio.gather(*answers))
        items += fresh


def _chat_answer(call: Any, tools: dict[str, Tool]) -> Any:
    said = call["function"]
    told = run_tool(tools, said["name"], said["arguments"])
    return {"role": "tool", "tool_call_id": call["id"], "content": told}


def _responses_answer(call: Any, tools: dict[str, Tool]) -> Any:
    told = run_tool(tools, call.name, call.arguments)
    return {"type": "function_call_output", "call_id": call.call_id, "output": told}


def _joined(chunks: list[Any]) -> dict[str, Any]:
    """Put streamed chunks together as applications do by hand."""
    message: dict[str, Any] = {"role": "assistant"}
    calls: dict[int, Any] = {}
    for chunk in chunks:
        for choice in chunk.choices:
            delta = choice.delta
            if delta.content:
                message["content"] = message.get("content", "") + delta.content
            for piece in delta.tool_calls or []:
                call = calls.setdefault(
                    piece.index, {"type": "function", "function": {"name": "", "arguments": ""}}
                )
                if piece.id:
                    call["id"] = piece.id
                call["function"]["name"] += piece.function.name or ""
                call["function"]["arguments"] += piece.function.arguments or ""
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    return message
