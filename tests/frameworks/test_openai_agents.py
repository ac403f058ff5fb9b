"""OpenAI's Agents SDK, on chat completions and on Responses."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

agents = pytest.importorskip("agents", reason="openai-agents is not installed")

import openai  # noqa: E402

from replay import Recorder  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import Suite, model_calls, tool_calls  # noqa: E402
from tests.frameworks.travel import QUESTION, SYSTEM, Tools  # noqa: E402


class AgentsSuite(Suite):
    is_async = True
    seen_by = "openai-agents"
    api: ClassVar[str] = "chat"
    raises: ClassVar = {"unknown_tool": "ModelBehaviorError"}
    unfinished: ClassVar = {"unknown_tool"}
    own_hooks: Any = None

    async def arun(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
            kind = (
                agents.OpenAIChatCompletionsModel
                if self.api == "chat"
                else agents.OpenAIResponsesModel
            )
            model = kind(scenario, openai_client=client)
            made = [agents.function_tool(function) for function in tools.all]
            booker = agents.Agent(name="booker", model=model, tools=made[1:])
            agent = agents.Agent(
                name="planner",
                instructions=SYSTEM,
                model=model,
                tools=made,
                handoffs=[booker] if scenario == "handoff" else [],
            )
            options: Any = {}
            if recorder is not None:
                from replay.recorder.middleware.openai_agents import RecordingHooks

                options["hooks"] = RecordingHooks(recorder, self.own_hooks)
            if not stream:
                return str((await agents.Runner.run(agent, QUESTION, **options)).final_output)
            run = agents.Runner.run_streamed(agent, QUESTION, **options)
            async for _ in run.stream_events():
                pass
            return str(run.final_output)

    def schemas(self, tools: Tools) -> Any:
        made = [agents.function_tool(function) for function in tools.all]
        return [[tool.name, tool.description, tool.params_json_schema] for tool in made]


class TestChat(AgentsSuite):
    def test_agents_and_hand_offs_are_named(self, provider: Provider, recorder: Recorder) -> None:
        transcript = self.recorded(provider, recorder, "handoff")

        assert [step.attributes["agent"] for step in model_calls(transcript)] == [
            "planner",
            "booker",
            "booker",
        ]
        handed, flights = tool_calls(transcript)
        assert handed.attributes["handoff"] == {"from": "planner", "to": "booker"}
        assert flights.attributes["agent"] == "booker"

    def test_every_call_is_bound_by_its_id(self, provider: Provider, recorder: Recorder) -> None:
        transcript = self.recorded(provider, recorder, "parallel")

        assert {call.bound_by for call in tool_calls(transcript)} == {"provider_call_id"}

    def test_hooks_of_ones_own_are_called_as_ever(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        from replay.recorder.middleware.openai_agents import RecordingHooks

        calls = []

        class Own(agents.RunHooks):  # type: ignore[misc]  # its base is known at run time only
            async def on_tool_start(self, context: Any, agent: Any, tool: Any) -> None:
                calls.append(tool.name)

        self.own_hooks = Own()
        self.recorded(provider, recorder, "parallel")

        assert sorted(calls) == ["get_weather", "search_flights"]
        known = {name for name in dir(agents.RunHooks) if name.startswith("on_")}
        assert {name for name in vars(RecordingHooks) if name.startswith("on_")} == known


class TestResponses(AgentsSuite):
    api = "responses"
