"""LangChain's agents, a langgraph of one's own with a tool node, and callbacks alone."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import pytest

openai = pytest.importorskip("openai")
pytest.importorskip("langchain", reason="langchain is not installed")
pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")

from langchain.agents import create_agent  # noqa: E402
from langchain_core.tools import StructuredTool  # noqa: E402
from langchain_openai import ChatOpenAI  # noqa: E402

from replay import Recorder  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import Suite, tool_calls  # noqa: E402
from tests.frameworks.travel import QUESTION, SYSTEM, Tools  # noqa: E402

# langchain keeps its clients open.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def structured(tools: Tools) -> list[Any]:
    return [
        StructuredTool.from_function(coroutine=function)
        if inspect.iscoroutinefunction(function)
        else StructuredTool.from_function(function)
        for function in tools.all
    ]


def model(url: str, scenario: str, stream: bool, **options: Any) -> Any:
    # Of its own: langchain keeps one client for all event loops, and a loop ends with its test.
    options["http_async_client"] = openai.DefaultAsyncHttpxClient()
    return ChatOpenAI(
        model=scenario, base_url=f"{url}/v1", api_key="none", streaming=stream, **options
    )


class LangChainSuite(Suite):
    seen_by = "langchain"
    # LangGraph lets a tool's exception end the run, unless it is told what to make of it.
    raises: ClassVar = {"tool_error": "LookupError"}

    def schemas(self, tools: Tools) -> Any:
        return [
            [tool.name, tool.description, tool.tool_call_schema.model_json_schema()]
            for tool in structured(tools)
        ]


class TestAgent(LangChainSuite):
    def agent(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> Any:
        middleware: list[Any] = []
        if recorder is not None:
            from replay.recorder.middleware.langchain import RecordingMiddleware

            middleware = [RecordingMiddleware(recorder)]
        return create_agent(
            model(url, scenario, stream),
            tools=structured(tools),
            system_prompt=SYSTEM,
            middleware=middleware,
        )

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        agent = self.agent(url, scenario, tools, recorder, stream)
        asked = {"messages": [{"role": "user", "content": QUESTION}]}
        if not stream:
            return str(agent.invoke(asked)["messages"][-1].content)
        for state in agent.stream(asked, stream_mode="values"):
            last = state["messages"][-1]
        return str(last.content)

    def test_every_call_is_bound_by_its_id(self, provider: Provider, recorder: Recorder) -> None:
        transcript = self.recorded(provider, recorder, "parallel")

        assert {call.bound_by for call in tool_calls(transcript)} == {"provider_call_id"}


class TestAsyncAgent(TestAgent):
    is_async = True

    async def arun(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        agent = self.agent(url, scenario, tools, recorder, stream)
        asked = {"messages": [{"role": "user", "content": QUESTION}]}
        if not stream:
            return str((await agent.ainvoke(asked))["messages"][-1].content)
        async for state in agent.astream(asked, stream_mode="values"):
            last = state["messages"][-1]
        return str(last.content)

    run = Suite.run


class TestGraph(LangChainSuite):
    """A graph of one's own: a model, a tool node with our hooks, Responses."""

    raises: ClassVar = {}

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        from langgraph.graph import START, MessagesState, StateGraph
        from langgraph.prebuilt import ToolNode, tools_condition

        made, options = structured(tools), {}
        if recorder is not None:
            from replay.recorder.middleware.langchain import tool_node_options

            options = tool_node_options(recorder)
        chat = model(url, scenario, stream, use_responses_api=True).bind_tools(made)

        def ask(state: Any) -> Any:
            return {"messages": [chat.invoke(state["messages"])]}

        graph = StateGraph(MessagesState)
        graph.add_node("ask", ask)
        graph.add_node("tools", ToolNode(made, handle_tool_errors=True, **options))
        graph.add_edge(START, "ask")
        graph.add_conditional_edges("ask", tools_condition)
        graph.add_edge("tools", "ask")
        said = graph.compile().invoke({"messages": [{"role": "user", "content": QUESTION}]})
        last = said["messages"][-1]
        return str(last.text)


def test_a_tool_node_that_takes_no_hooks_is_told(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from replay.recorder.middleware import versions
    from replay.recorder.middleware.langchain import tool_node_options

    monkeypatch.setitem(versions.SUPPORTED, "langgraph-prebuilt", ("99.0", "99"))  # type: ignore[misc]

    with pytest.raises(versions.UnsupportedVersion, match=r"needs langgraph-prebuilt 99\.0"):
        tool_node_options(recorder)


class TestCallbacks(LangChainSuite):
    """Callbacks alone: decorated tools are bound by their ids."""

    seen_by = None

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        options: Any = {}
        if recorder is not None:
            from replay.recorder.middleware.langchain import RecordingCallbacks

            options = {"config": {"callbacks": [RecordingCallbacks(recorder)]}}
        agent = create_agent(
            model(url, scenario, stream), tools=structured(tools), system_prompt=SYSTEM
        )
        asked = {"messages": [{"role": "user", "content": QUESTION}]}
        return str(agent.invoke(asked, **options)["messages"][-1].content)

    def test_every_call_is_bound_by_its_id(self, provider: Provider, recorder: Recorder) -> None:
        transcript = self.recorded(provider, recorder, "parallel")

        assert {call.bound_by for call in tool_calls(transcript)} == {"provider_call_id"}
