from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from openai.types.responses import Response

from replay.errors import ToolboxError
from replay.records import CallResult
from replay.tools import CallObserver, CallStart, Toolbox, asked_calls, observe, run_asked_calls

toolbox = Toolbox("travel")


@toolbox.tool
def get_weather(city: str) -> dict[str, str]:
    return {"city": city}


@toolbox.tool
async def search(to: str) -> list[str]:
    return [to]


def chat_call(identity: str | None, name: str, arguments: str) -> dict[str, Any]:
    return {
        "id": identity,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


CALLS = [
    chat_call("c1", "get_weather", '{"city":"Oslo"}'),
    chat_call("c1", "search", '{"to":"BER"}'),
    chat_call("c2", "get_wether", "{}"),
]
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-x",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": None, "tool_calls": CALLS},
        }
    ],
}
TOLD = [
    '{"city":"Oslo"}',
    '["BER"]',
    "Error: there is no tool 'get_wether'. Did you mean get_weather? "
    "The tools are: get_weather, search.",
]
CHAT_ANSWER = [
    {"role": "tool", "tool_call_id": identity, "content": told}
    for identity, told in zip(["c1", "c1", "c2"], TOLD, strict=True)
]


@pytest.mark.parametrize(
    "model_output",
    [
        CHAT,
        ChatCompletion.model_validate(CHAT),
        ChatCompletion.model_validate(CHAT).choices[0].message,
        CHAT["choices"][0]["message"],  # type: ignore[index]
        CALLS,
        ChatCompletion.model_validate(CHAT).choices[0].message.tool_calls,
    ],
    ids=["json", "completion", "message", "message json", "calls", "call objects"],
)
def test_chat_calls_are_answered_in_order_in_every_form_that_the_sdk_gives(
    model_output: Any,
) -> None:
    assert toolbox.dispatch_sync(model_output) == CHAT_ANSWER
    assert asyncio.run(toolbox.dispatch(model_output)) == CHAT_ANSWER


RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-x",
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {"type": "reasoning", "id": "r", "summary": []},
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "get_weather",
            "arguments": '{"city":"Oslo"}',
        },
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "wait", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc_2",
            "call_id": "call_2",
            "name": "search",
            "arguments": '{"to":"BER"}',
        },
    ],
}


@pytest.mark.parametrize(
    "model_output",
    [
        RESPONSE,
        Response.model_validate(RESPONSE),
        RESPONSE["output"],
        Response.model_validate(RESPONSE).output,
    ],
    ids=["json", "response", "items", "item objects"],
)
def test_responses_calls_are_answered_with_output_items(model_output: Any) -> None:
    assert toolbox.dispatch_sync(model_output) == [
        {"type": "function_call_output", "call_id": "call_1", "output": TOLD[0]},
        {"type": "function_call_output", "call_id": "call_2", "output": TOLD[1]},
    ]


ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "content": [
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Oslo"}},
        {"type": "tool_use", "id": "t2", "name": "search", "input": {}},
    ],
    "stop_reason": "tool_use",
}


@pytest.mark.parametrize("model_output", [ANTHROPIC, ANTHROPIC["content"]])
def test_anthropic_calls_are_answered_in_one_user_message(model_output: Any) -> None:
    [message] = toolbox.dispatch_sync(model_output)

    assert message["role"] == "user"
    assert message["content"][0] == {
        "type": "tool_result",
        "tool_use_id": "t1",
        "content": TOLD[0],
    }
    assert message["content"][1]["is_error"] is True
    assert "to: required, but missing" in message["content"][1]["content"]


def test_the_older_function_call_and_custom_tools_are_answered_too() -> None:
    shout = Toolbox()
    shout.add(lambda input: input.upper(), name="shout")
    old = {"role": "assistant", "function_call": {"name": "shout", "arguments": '{"input":"a"}'}}
    custom = {"id": "c", "type": "custom", "custom": {"name": "shout", "input": "b"}}
    item = {"type": "custom_tool_call", "call_id": "d", "name": "shout", "input": "c"}

    assert shout.dispatch_sync(old) == [{"role": "function", "name": "shout", "content": "A"}]
    assert shout.dispatch_sync([custom])[0]["content"] == "B"
    assert shout.dispatch_sync([item]) == [
        {"type": "custom_tool_call_output", "call_id": "d", "output": "C"}
    ]


@pytest.mark.parametrize(
    "model_output",
    [
        ChatCompletionMessage(role="assistant", content="Hello"),
        {"role": "assistant", "content": "Hello"},
        {**RESPONSE, "output": []},
        {**ANTHROPIC, "content": [{"type": "text", "text": "Hello"}]},
        [],
    ],
)
def test_an_output_without_calls_needs_no_answer(model_output: Any) -> None:
    assert toolbox.dispatch_sync(model_output) == []


@pytest.mark.parametrize("model_output", ["get_weather", None, 3, {"city": "Oslo"}, object()])
def test_something_else_than_a_model_output_is_refused_with_what_was_expected(
    model_output: Any,
) -> None:
    with pytest.raises(ToolboxError) as caught:
        toolbox.dispatch_sync(model_output)

    assert "This is no model output" in str(caught.value)
    assert "a chat completion or its message" in str(caught.value)


@pytest.mark.parametrize("is_async", [False, True])
def test_fifty_identical_calls_run_at_once_and_each_gets_its_own_answer(is_async: bool) -> None:
    """Every call waits for all the others: one after the other would never end."""
    count = 50
    box = Toolbox()
    numbers = iter(range(count))
    barrier = threading.Barrier(count)
    if is_async:
        meeting = asyncio.Barrier(count)

        @box.tool(name="meet", timeout_ms=60_000)
        async def meet_on_the_loop(room: str) -> int:
            await meeting.wait()
            return next(numbers)

    else:

        @box.tool(timeout_ms=60_000)
        def meet(room: str) -> int:
            barrier.wait()
            return next(numbers)

    calls = [chat_call(f"id{index % 3}", "meet", '{"room":"a"}') for index in range(count)]

    messages = box.dispatch_sync(calls)

    assert [message["tool_call_id"] for message in messages] == [f"id{i % 3}" for i in range(count)]
    assert sorted(int(message["content"]) for message in messages) == list(range(count))


class Watching(CallObserver):
    """Keeps starts and results as they come."""

    def __init__(self) -> None:
        self.starts: dict[str, CallStart] = {}
        self.results: dict[str, CallResult] = {}

    def call_started(self, start: CallStart) -> None:
        self.starts[start.request_id] = start

    def call_finished(self, start: CallStart, result: CallResult) -> None:
        self.results[start.request_id] = result


def test_calls_with_repeated_provider_ids_are_told_apart_by_the_observer() -> None:
    box = Toolbox()
    box.add(lambda text: text, name="echo")
    calls = [chat_call("same", "echo", json.dumps({"text": f"t{i}"})) for i in range(30)]
    watching = Watching()

    with observe(watching):
        box.dispatch_sync(
            CHAT | {"choices": [{"message": {"role": "assistant", "tool_calls": calls}}]}
        )

    assert len(watching.starts) == len(watching.results) == 30
    for request_id, start in watching.starts.items():
        assert start.response_id == "chatcmpl-1"
        assert watching.results[request_id].response == f"t{start.call_index}"


def test_one_cancelled_turn_reports_each_of_its_calls() -> None:
    watching = Watching()
    box = Toolbox()
    all_running = asyncio.Barrier(4)

    @box.tool
    async def wait() -> None:
        await all_running.wait()
        await asyncio.Event().wait()

    async def main() -> None:
        turn = asyncio.create_task(box.dispatch([chat_call("a", "wait", "{}")] * 3))
        await all_running.wait()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

    with observe(watching):
        asyncio.run(main())

    assert {result.outcome.value for result in watching.results.values()} == {"cancelled"}
    assert len(watching.results) == 3


def test_plain_dispatch_inside_an_event_loop_says_what_to_use() -> None:
    async def main() -> None:
        toolbox.dispatch_sync(CHAT)

    with pytest.raises(ToolboxError, match="Use `await"):
        asyncio.run(main())


def test_results_can_be_had_beside_the_messages() -> None:
    calls = asked_calls(CHAT)

    results = asyncio.run(run_asked_calls(toolbox, calls))

    assert [result.outcome.value for result in results] == ["ok", "ok", "unknown_tool"]


def test_the_tools_of_another_actor_are_not_the_assistants() -> None:
    box = Toolbox()
    box.add(lambda: "phone restarted", name="restart", actor="user")

    [by_assistant] = box.dispatch_sync([chat_call("1", "restart", "{}")])
    [by_user] = box.dispatch_sync([chat_call("1", "restart", "{}")], actor="user")

    assert by_assistant["content"].startswith("Error: there is no tool 'restart'")
    assert by_user["content"] == "phone restarted"
    assert box.schemas("openai") == []
