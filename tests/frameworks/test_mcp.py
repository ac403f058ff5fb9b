"""MCP: a client and a server in one process, and a server whose client is elsewhere."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp.server.mcpserver", reason="mcp 2 is not installed")
openai = pytest.importorskip("openai")

from mcp.client.client import Client  # noqa: E402
from mcp.server.mcpserver import MCPServer  # noqa: E402

from replay import Recorder  # noqa: E402
from replay.records import Outcome  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import Suite, tool_calls  # noqa: E402
from tests.frameworks.test_openai import CHAT  # noqa: E402
from tests.frameworks.travel import QUESTION, Tools  # noqa: E402


def server(tools: Tools, recorder: Recorder | None) -> Any:
    middleware: list[Any] = []
    if recorder is not None:
        from replay.recorder.middleware.mcp import RecordingMiddleware

        middleware = [RecordingMiddleware(recorder)]
    made = MCPServer("travel", middleware=middleware, log_level="CRITICAL")
    for function in tools.all:
        made.tool()(function)
    return made


async def ask(model: Any, scenario: str, messages: list[Any], *, stream: bool) -> Any:
    asked: Any = {"model": scenario, "messages": messages, "tools": CHAT}
    if not stream:
        return (await model.chat.completions.create(**asked)).choices[0].message
    async with model.chat.completions.stream(**asked) as events:
        return (await events.get_final_completion()).choices[0].message


class TestClientAndServer(Suite):
    is_async = True
    seen_by = "mcp"

    async def arun(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        messages: list[Any] = [{"role": "user", "content": QUESTION}]
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(Client(server(tools, recorder)))
            if recorder is not None:
                from replay.recorder.middleware.mcp import recorded_client

                recorded_client(recorder, client)
            model = await stack.enter_async_context(
                openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none")
            )
            while True:
                message = await ask(model, scenario, messages, stream=stream)
                if not message.tool_calls:
                    return str(message.content)
                kept = {"role", "content", "tool_calls"}
                messages.append(message.model_dump(include=kept, exclude_none=True))
                asked = [
                    client.call_tool(call.function.name, json.loads(call.function.arguments))
                    for call in message.tool_calls
                ]
                for call, result in zip(
                    message.tool_calls, await asyncio.gather(*asked), strict=True
                ):
                    text = "".join(block.text for block in result.content)
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": text})

    def schemas(self, tools: Tools) -> Any:
        async def listed() -> Any:
            async with Client(server(tools, tools.recorder)) as client:
                return (await client.list_tools()).model_dump(mode="json")["tools"]

        return asyncio.run(listed())


def test_a_server_s_calls_are_a_trace_of_their_own_for_each_caller(
    provider: Provider, recorder: Recorder, tmp_path: Path
) -> None:
    from replay.recorder.middleware.mcp import recorded_client

    async def converse(elsewhere: Recorder) -> str:
        tools = Tools(provider.url, is_async=True)
        async with Client(server(tools, elsewhere)) as client, recorder.trace() as trace:
            recorded_client(recorder, client)
            await client.call_tool("get_weather", {"city": "Paris", "unit": "c"})
            await client.call_tool("get_weather", {"town": "Paris"})
            return trace.id

    with Recorder(tmp_path / "server.db") as elsewhere:
        caller = asyncio.run(converse(elsewhere))
        elsewhere.store.flush()
        (trace_id,) = elsewhere.store.trace_ids()
        transcript = elsewhere.store.transcript(trace_id)
    recorder.store.flush()
    asked = tool_calls(recorder.store.transcript(caller))

    calls = tool_calls(transcript)
    assert [call.outcome for call in calls] == [Outcome.OK, Outcome.INVALID_ARGUMENTS]
    assert len(transcript.interactions[calls[0].id]) == 1
    for call, outer in zip(calls, asked, strict=True):
        assert call.attributes["caller"] == {"trace_id": caller, "call_id": outer.id}
