"""Pydantic AI, on OpenAI's chat completions and Responses and on Anthropic's messages."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

pydantic_ai = pytest.importorskip("pydantic_ai", reason="pydantic-ai-slim is not installed")

from pydantic_ai import Agent, Tool  # noqa: E402
from pydantic_ai.models.anthropic import AnthropicModel  # noqa: E402
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel  # noqa: E402
from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: E402
from pydantic_ai.providers.openai import OpenAIProvider  # noqa: E402

from replay import Recorder  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import Suite, model_calls, tool_calls  # noqa: E402
from tests.frameworks.travel import QUESTION, SYSTEM, Tools  # noqa: E402


async def read(context: Any, events: Any) -> None:
    async for _ in events:
        pass


class PydanticSuite(Suite):
    is_async = True
    seen_by = "pydantic-ai"
    kind: ClassVar[str] = "chat"
    raises: ClassVar = {"tool_error": "LookupError"}

    def model(self, client: Any, scenario: str) -> Any:
        if self.kind == "anthropic":
            return AnthropicModel(scenario, provider=AnthropicProvider(anthropic_client=client))
        model = OpenAIChatModel if self.kind == "chat" else OpenAIResponsesModel
        return model(scenario, provider=OpenAIProvider(openai_client=client))

    def client(self, url: str) -> Any:
        if self.kind == "anthropic":
            import anthropic

            return anthropic.AsyncAnthropic(base_url=url, api_key="none")
        import openai

        return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none")

    async def arun(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        capabilities: list[Any] = []
        if recorder is not None:
            from replay.recorder.middleware.pydantic_ai import RecordingCapability

            capabilities = [RecordingCapability(recorder)]
        async with self.client(url) as client:
            agent = Agent(
                self.model(client, scenario),
                name="planner",
                system_prompt=SYSTEM,
                tools=tools.all,
                capabilities=capabilities,
            )
            # ``run_stream`` would take the words before the first calls for the answer.
            options: Any = {"event_stream_handler": read} if stream else {}
            return str((await agent.run(QUESTION, **options)).output)

    def schemas(self, tools: Tools) -> Any:
        made = [Tool(function).tool_def for function in tools.all]
        return [[tool.name, tool.description, tool.parameters_json_schema] for tool in made]


class TestChat(PydanticSuite):
    def test_agents_ids_and_validation_errors_are_kept(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        transcript = self.recorded(provider, recorder, "invalid_arguments", decorated=False)

        wrong, right = tool_calls(transcript)
        assert wrong.error is not None
        assert {error["loc"][0] for error in wrong.error.details} >= {"city"}  # type: ignore[index,union-attr,call-overload]
        assert right.payload == {"city": "Paris", "unit": "c"}
        assert {call.bound_by for call in (wrong, right)} == {"provider_call_id"}
        agents = [step.attributes.get("agent") for step in model_calls(transcript)]
        assert agents == ["planner"] * 3
        assert right.attributes["agent"] == "planner"

    def test_the_model_call_of_run_stream_has_its_agent(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        async def streamed() -> None:
            from replay.recorder.middleware.pydantic_ai import RecordingCapability

            async with self.client(provider.url) as client:
                hooks = [RecordingCapability(recorder)]
                model = self.model(client, "parallel")
                agent = Agent(model, name="planner", tools=tools.all, capabilities=hooks)
                async with agent.run_stream(QUESTION) as answer:
                    await answer.get_output()

        provider.reset()
        tools = Tools(provider.url, is_async=True)
        with recorder.trace() as trace:
            asyncio.run(streamed())
            trace_id = trace.id
        recorder.store.flush()
        transcript = recorder.store.transcript(trace_id)

        (asked,) = model_calls(transcript)  # the words before its calls are the answer
        assert (asked.streamed, asked.attributes.get("agent")) == (True, "planner")
        assert {call.attributes["agent"] for call in tool_calls(transcript)} == {"planner"}

    def test_a_run_is_a_trace_of_its_own(self, provider: Provider, recorder: Recorder) -> None:
        provider.reset()
        before = set(recorder.store.trace_ids())
        self.hold(provider, "parallel", recorder)
        recorder.store.flush()
        (trace_id,) = set(recorder.store.trace_ids()) - before
        transcript = recorder.store.transcript(trace_id)

        assert transcript.trace.attributes["run_id"]
        self.check(transcript, "parallel", provider)


class TestResponses(PydanticSuite):
    kind = "responses"
    scenarios: ClassVar = ["parallel", "invalid_arguments", "unknown_tool"]


class TestAnthropic(PydanticSuite):
    kind = "anthropic"
    scenarios: ClassVar = ["parallel", "invalid_arguments", "unknown_tool", "overloaded"]
