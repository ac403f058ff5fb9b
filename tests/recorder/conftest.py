from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from replay import Recorder
from replay.demo.model_server import ModelServer, Script
from tests.recorder.agents import (
    async_chat_agent,
    async_responses_agent,
    chat_agent,
    responses_agent,
)

AgentRun = Callable[..., list[Any]]
Agent = Callable[..., list[Any]]
AsyncAgent = Callable[..., Coroutine[Any, Any, list[Any]]]


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """A recorder into a fresh database; nothing it does may fail."""
    with Recorder(tmp_path / "traces.db", app="test") as recorder:
        yield recorder
        assert (recorder.failures, recorder.last_failure) == (0, None)


@pytest.fixture
def model() -> Iterator[Callable[..., ModelServer]]:
    """Start a model server with a script; it stops with the test."""
    servers: list[ModelServer] = []

    def start(script: Script, **options: Any) -> ModelServer:
        servers.append(ModelServer(script, **options).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def sync_run(agent: Agent, stream: bool) -> AgentRun:
    def run(base_url: str, question: str, tools: Any, recorder: Recorder | None) -> list[Any]:
        with OpenAI(base_url=base_url, api_key="none") as client:
            if recorder is None:
                return agent(client, question, tools, stream=stream)
            with recorder.trace():
                return agent(recorder.wrap(client), question, tools, stream=stream)

    return run


def async_run(agent: AsyncAgent, stream: bool) -> AgentRun:
    async def hold(
        base_url: str, question: str, tools: Any, recorder: Recorder | None
    ) -> list[Any]:
        async with AsyncOpenAI(base_url=base_url, api_key="none") as client:
            if recorder is None:
                return await agent(client, question, tools, stream=stream)
            async with recorder.trace():
                return await agent(recorder.wrap(client), question, tools, stream=stream)

    def run(*args: Any) -> list[Any]:
        return asyncio.run(hold(*args))

    return run


WAYS = {
    "chat": sync_run(chat_agent, stream=False),
    "chat, streamed": sync_run(chat_agent, stream=True),
    "chat, async": async_run(async_chat_agent, stream=False),
    "chat, async, streamed": async_run(async_chat_agent, stream=True),
    "responses": sync_run(responses_agent, stream=False),
    "responses, streamed": sync_run(responses_agent, stream=True),
    "responses, async": async_run(async_responses_agent, stream=False),
    "responses, async, streamed": async_run(async_responses_agent, stream=True),
}


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def hold_conversation(request: pytest.FixtureRequest) -> AgentRun:
    """Hold one conversation with a model server: ``(base_url, question, tools, recorder)``."""
    run: AgentRun = request.param
    return run
