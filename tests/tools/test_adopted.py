"""Toolboxes of frameworks' own tools: the schema is theirs, byte for byte, and their code runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replay import Toolbox
from replay.errors import ToolboxError


def ask(toolbox: Toolbox, name: str, arguments: str) -> str:
    asked = {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}
    (said,) = toolbox.dispatch_sync({"role": "assistant", "tool_calls": [asked]})
    return str(said["content"])


def get_weather(city: str, unit: str = "celsius") -> dict[str, str]:
    """Tell the weather of a city."""
    return {"city": city, "temperature": f"15 {unit}"}


async def get_news(topic: str) -> str:
    """Tell the news."""
    return f"nothing on {topic}"


def test_plain_functions() -> None:
    toolbox = Toolbox.from_functions([get_weather, get_news], name="travel")
    assert toolbox.names() == ["get_weather", "get_news"]
    assert json.loads(ask(toolbox, "get_weather", '{"city": "Rome"}'))["city"] == "Rome"
    assert ask(toolbox, "get_news", '{"topic": "tea"}') == "nothing on tea"


@pytest.mark.parametrize("make", ["from_langchain", "from_openai_agents", "from_pydantic_ai"])
def test_what_is_no_tool_of_a_framework_is_told(make: str) -> None:
    with pytest.raises(ToolboxError, match="from_functions"):
        getattr(Toolbox, make)([get_weather])


def test_langchain() -> None:
    tools = pytest.importorskip("langchain_core.tools", reason="langchain-core is not installed")
    from langchain_core.utils.function_calling import convert_to_openai_tool

    shown = [tools.tool(get_weather), tools.tool(get_news)]
    toolbox = Toolbox.from_langchain(shown)
    for theirs, ours in zip(shown, toolbox.schemas("openai"), strict=True):
        wanted = convert_to_openai_tool(theirs)["function"]["parameters"]
        assert untitled(ours["function"]["parameters"]) == untitled(wanted)
    assert json.loads(ask(toolbox, "get_weather", '{"city": "Rome"}'))["city"] == "Rome"
    assert ask(toolbox, "get_news", '{"topic": "tea"}') == "nothing on tea"
    assert "city" in ask(toolbox, "get_weather", "{}")


def test_openai_agents() -> None:
    agents = pytest.importorskip("agents", reason="openai-agents is not installed")

    def whoami(context: Any) -> str:
        """Tell who asks."""
        return str(context.context)

    whoami.__annotations__["context"] = agents.RunContextWrapper[Any]
    shown = [agents.function_tool(one) for one in (get_weather, get_news, whoami)]
    toolbox = Toolbox.from_openai_agents(shown, context="user 7")
    for theirs, ours in zip(shown, toolbox.schemas("openai"), strict=True):
        assert ours["function"]["parameters"] == theirs.params_json_schema
    said = ask(toolbox, "get_weather", '{"city": "Rome", "unit": "f"}')
    assert "15 f" in said
    assert ask(toolbox, "get_news", '{"topic": "tea"}') == "nothing on tea"
    assert ask(toolbox, "whoami", "{}") == "user 7"


def test_pydantic_ai() -> None:
    toolsets = pytest.importorskip("pydantic_ai.toolsets", reason="pydantic-ai is not installed")
    from pydantic_ai import Agent, RunContext

    def whoami(context: Any) -> str:
        """Tell who asks."""
        return str(context.deps)

    whoami.__annotations__["context"] = RunContext[str]
    toolset = toolsets.FunctionToolset([get_weather, get_news, whoami])
    agent = Agent(toolsets=[toolset])

    @agent.tool_plain
    def roll() -> int:
        """Roll a die."""
        return 4

    toolbox = Toolbox.from_pydantic_ai(toolset, deps=lambda: "user 7")
    for theirs, ours in zip(toolset.tools.values(), toolbox.schemas("openai"), strict=True):
        assert ours["function"]["parameters"] == theirs.function_schema.json_schema
    assert "15 celsius" in ask(toolbox, "get_weather", '{"city": "Rome"}')
    assert ask(toolbox, "get_news", '{"topic": "tea"}') == "nothing on tea"
    assert ask(toolbox, "whoami", "{}") == "user 7"
    assert set(Toolbox.from_pydantic_ai(agent).names()) >= {"get_weather", "roll"}


def untitled(schema: Any) -> Any:
    """Without ``title``, which LangChain strips in one of its two ways of showing a schema."""
    if isinstance(schema, list):
        return [untitled(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: untitled(value) for name, value in schema.items() if name != "title"}
