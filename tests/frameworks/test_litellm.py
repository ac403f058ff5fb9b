"""LiteLLM, to OpenAI's and to Anthropic's API, with its own retries."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, ClassVar

import pytest

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
litellm = pytest.importorskip("litellm", reason="litellm is not installed")

from replay import Recorder  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import Suite, model_calls, tool_calls  # noqa: E402
from tests.frameworks.test_openai import CHAT, told  # noqa: E402
from tests.frameworks.travel import QUESTION, Tools  # noqa: E402

litellm.suppress_debug_info = True
litellm.telemetry = False

pytestmark = [  # what it leaves open is its own
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def logger(recorder: Recorder) -> Any:
    from replay.recorder.middleware.litellm import RecordingLogger

    litellm.callbacks = [RecordingLogger(recorder)]
    yield litellm.callbacks[0]
    litellm.callbacks = []


class LiteSuite(Suite):
    route: ClassVar[str] = "openai"

    def asked(self, url: str, scenario: str) -> dict[str, Any]:
        base = f"{url}/v1" if self.route == "openai" else url
        return {"model": f"{self.route}/{scenario}", "api_base": base, "api_key": "none"}

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        messages: list[Any] = [{"role": "user", "content": QUESTION}]
        while True:
            asked: Any = {**self.asked(url, scenario), "messages": messages, "tools": CHAT}
            asked |= {"num_retries": 3, "max_retries": 0}
            if stream:
                chunks = list(litellm.completion(**asked, stream=True))
                answer = litellm.stream_chunk_builder(chunks, messages=messages)
            else:
                answer = litellm.completion(**asked)
            message = answer.choices[0].message
            if not message.tool_calls:
                return str(message.content)
            calls = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
                for call in message.tool_calls
            ]
            messages.append({"role": "assistant", "content": message.content, "tool_calls": calls})
            for call in message.tool_calls:
                text = told(tools, call.function.name, call.function.arguments)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": text})


class TestOpenAIRoute(LiteSuite):
    def test_its_own_ids_are_kept(self, provider: Provider, recorder: Recorder) -> None:
        transcript = self.recorded(provider, recorder, "rate_limited")

        said = [step.attributes["litellm"]["call_id"] for step in model_calls(transcript)]  # type: ignore[index,call-overload]
        assert len(set(said)) == 2

    def test_a_call_that_no_plane_sees_is_recorded_once(self, recorder: Recorder) -> None:
        before = set(recorder.store.trace_ids())
        messages = [{"role": "user", "content": "Hi"}]
        litellm.completion(model="openai/x", messages=messages, mock_response="Hello.")

        def found() -> list[Any]:
            recorder.store.flush()
            new = set(recorder.store.trace_ids()) - before
            transcripts = [recorder.store.transcript(trace_id) for trace_id in new]
            return [t for t in transcripts if any(call.output for call in model_calls(t))]

        for _ in range(3_000):  # LiteLLM logs from a thread of its own
            if found():
                break
            asyncio.run(asyncio.sleep(0.02))
        (transcript,) = found()
        (call,) = model_calls(transcript)
        assert call.output["content"] == "Hello."  # type: ignore[index,call-overload]
        assert call.messages == messages


class TestAnthropicRoute(LiteSuite):
    route = "anthropic"

    def test_a_streamed_reader_that_never_closes_loses_nothing(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        transcript = self.recorded(provider, recorder, "parallel", stream=True)

        assert [call.result for call in tool_calls(transcript)]
        assert json.dumps(transcript.steps[-1].output)  # type: ignore[union-attr]


class TestAsync(LiteSuite):
    """LiteLLM's async client sends by aiohttp, inside of httpx."""

    is_async = True
    scenarios: ClassVar = ["parallel", "rate_limited"]

    async def arun(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        messages: list[Any] = [{"role": "user", "content": QUESTION}]
        while True:
            asked: Any = {**self.asked(url, scenario), "messages": messages, "tools": CHAT}
            asked |= {"num_retries": 3, "max_retries": 0}
            if stream:
                chunks = [chunk async for chunk in await litellm.acompletion(**asked, stream=True)]
                answer = litellm.stream_chunk_builder(chunks, messages=messages)
            else:
                answer = await litellm.acompletion(**asked)
            message = answer.choices[0].message
            if not message.tool_calls:
                return str(message.content)
            messages.append(message.model_dump(exclude_none=True))
            for call in message.tool_calls:
                function = getattr(tools, call.function.name)
                text = json.dumps(await function(**json.loads(call.function.arguments)))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": text})

    run = Suite.run
