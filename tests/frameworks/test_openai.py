"""OpenAI's client: chat, Responses with previous_response_id, and the Responses tool runner."""

from __future__ import annotations

import asyncio
import json
from typing import Any, ClassVar

import pytest

openai = pytest.importorskip("openai")

from replay import Recorder  # noqa: E402
from tests.frameworks.suite import Suite  # noqa: E402
from tests.frameworks.travel import QUESTION, SCHEMAS, Tools  # noqa: E402

CHAT: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": schema}}
    for name, schema in SCHEMAS.items()
]
RESPONSES: list[Any] = [
    {"type": "function", "name": name, "parameters": schema, "strict": False}
    for name, schema in SCHEMAS.items()
]


def told(tools: Tools, name: str, arguments: str) -> str:
    """What the model is told about one call, as many agents do it."""
    function = getattr(tools, name, None)
    if function is None:
        return f"Error: there is no tool {name}"
    try:
        return json.dumps(function(**json.loads(arguments)))
    except TypeError as error:
        return f"Error: invalid arguments: {error}"
    except LookupError as error:
        return f"Error: {error}"


class TestChat(Suite):
    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        messages: list[Any] = [{"role": "user", "content": QUESTION}]
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
            while True:
                asked: Any = {"model": scenario, "messages": messages, "tools": CHAT}
                if stream:
                    asked["stream_options"] = {"include_usage": True}
                    with client.chat.completions.stream(**asked) as events:
                        message = events.get_final_completion().choices[0].message
                else:
                    message = client.chat.completions.create(**asked).choices[0].message
                if not message.tool_calls:
                    return str(message.content)
                calls = [
                    {
                        "id": call.id,
                        "type": "function",
                        "function": {
                            "name": call.function.name,
                            "arguments": call.function.arguments,
                        },
                    }
                    for call in message.tool_calls
                ]
                said = {"role": "assistant", "content": message.content, "tool_calls": calls}
                messages.append(said)
                for call in message.tool_calls:
                    text = told(tools, call.function.name, call.function.arguments)
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": text})


class TestResponses(Suite):
    """Each request only adds to what the server holds."""

    is_async = True

    async def arun(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        fresh: list[Any] = [{"role": "user", "content": QUESTION}]
        previous: dict[str, str] = {}
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
            while True:
                asked: Any = {"model": scenario, "input": fresh, "tools": RESPONSES, **previous}
                if stream:
                    async with client.responses.stream(**asked) as events:
                        response = await events.get_final_response()
                else:
                    response = await client.responses.create(**asked)
                previous = {"previous_response_id": response.id}
                calls = [item for item in response.output if item.type == "function_call"]
                if not calls:
                    return str(response.output_text)
                texts = await asyncio.gather(*(self._told(tools, call) for call in calls))
                fresh = [
                    {"type": "function_call_output", "call_id": call.call_id, "output": text}
                    for call, text in zip(calls, texts, strict=True)
                ]

    async def _told(self, tools: Tools, call: Any) -> str:
        function = getattr(tools, call.name, None)
        if function is None:
            return f"Error: there is no tool {call.name}"
        try:
            return json.dumps(await function(**json.loads(call.arguments)))
        except TypeError as error:
            return f"Error: invalid arguments: {error}"
        except LookupError as error:
            return f"Error: {error}"


class TestToolRunner(Suite):
    """``ResponsesToolRunner`` of openai 3: what it turns away ends the run."""

    streams = False
    seen_by = "openai"
    raises: ClassVar = {
        "tool_error": "ToolRunnerError",
        "unknown_tool": "ToolRunnerError",
        "invalid_arguments": "ToolRunnerError",
    }
    scenarios: ClassVar = ["parallel", "rate_limited", "overloaded"]

    @pytest.fixture(autouse=True)
    def _is_there(self) -> None:
        pytest.importorskip("openai.lib.responses_tool_runner", reason="openai 3 has it")

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        from openai.lib.responses_tool_runner import RegisteredFunction, ResponsesToolRunner

        def registered(tool: Any, function: Any) -> Any:
            return RegisteredFunction(tool, lambda arguments: json.dumps(function(**arguments)))

        functions = [registered(t, f) for t, f in zip(RESPONSES, tools.all, strict=True)]
        options: Any = {}
        if recorder is not None:
            from replay.recorder.middleware.openai import diagnostics, recorded_functions

            functions = recorded_functions(recorder, functions)
            options["on_diagnostic"] = diagnostics(recorder)
        asked: Any = {"model": scenario, "input": [{"role": "user", "content": QUESTION}]}
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
            runner = ResponsesToolRunner(functions=functions)
            return str(runner.run(client, asked, max_steps=5, **options).output_text)
