"""Anthropic's client: its middleware, the tool runner with and without threads, streams."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest

anthropic = pytest.importorskip("anthropic")

from replay import Recorder  # noqa: E402
from replay.records import ModelCall  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import Suite  # noqa: E402
from tests.frameworks.travel import QUESTION, SCHEMAS, SYSTEM, Tools, as_text  # noqa: E402

TOOLS: list[Any] = [
    {"name": name, "description": name, "input_schema": schema} for name, schema in SCHEMAS.items()
]


def client_options(url: str, recorder: Recorder | None) -> dict[str, Any]:
    options: dict[str, Any] = {"base_url": url, "api_key": "none"}
    if recorder is not None:
        from replay.recorder.middleware.anthropic import RecordingMiddleware

        options["middleware"] = [RecordingMiddleware(recorder)]
    return options


SDK_HEADERS = ("x-stainless-raw-response",)


class TestMessages(Suite):
    """A loop of one's own."""

    sdk_headers = SDK_HEADERS

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        messages: list[Any] = [{"role": "user", "content": QUESTION}]
        with anthropic.Anthropic(**client_options(url, recorder)) as client:
            while True:
                asked: Any = {"model": scenario, "messages": messages, "tools": TOOLS}
                asked |= {"max_tokens": 99, "system": SYSTEM}
                if stream:
                    with client.messages.stream(**asked) as events:
                        message = events.get_final_message()
                else:
                    message = client.messages.create(**asked)
                uses = [block for block in message.content if block.type == "tool_use"]
                if not uses:
                    return str(message.content[0].text)
                messages.append({"role": "assistant", "content": message.content})
                results = [self._result(tools, use) for use in uses]
                messages.append({"role": "user", "content": results})

    def _result(self, tools: Tools, use: Any) -> Any:
        result = {"type": "tool_result", "tool_use_id": use.id}
        function = getattr(tools, use.name, None)
        if function is None:
            return {**result, "content": f"Error: there is no tool {use.name}", "is_error": True}
        try:
            return {**result, "content": json.dumps(function(**use.input))}
        except (TypeError, LookupError) as error:
            return {**result, "content": f"Error: {error}", "is_error": True}

    def test_the_system_prompt_and_the_raw_arguments_of_a_stream_are_kept(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        transcript = self.recorded(provider, recorder, "parallel", stream=True)

        first = transcript.steps[0]
        assert isinstance(first, ModelCall)
        assert (first.provider, first.api) == ("anthropic", "messages")
        assert first.messages == [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": QUESTION},
        ]
        assert transcript.steps[1].arguments == '{"city": "Paris", "unit": "c"}'  # type: ignore[union-attr]


@pytest.mark.filterwarnings("ignore:Tool 'book_hotel' not found")
class TestToolRunner(Suite):
    """``tool_runner``: with anthropic 2 each request only adds to what the server holds."""

    sdk_headers = SDK_HEADERS

    seen_by = "anthropic"
    is_async = False

    def run(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        made = [anthropic.beta_tool(as_text(function)) for function in tools.all]
        if recorder is not None:
            from replay.recorder.middleware.anthropic import recorded_tools

            made = recorded_tools(recorder, made)
        with anthropic.Anthropic(**client_options(url, recorder)) as client:
            runner = client.beta.messages.tool_runner(
                model=scenario,
                max_tokens=99,
                system=SYSTEM,
                messages=[{"role": "user", "content": QUESTION}],
                tools=made,
                stream=stream,
            )
            if not stream:
                return str(runner.until_done().content[0].text)
            text = ""
            for events in runner:
                text = "".join(e.text for e in events if e.type == "text")
            return text

    def schemas(self, tools: Tools) -> Any:
        return [anthropic.beta_tool(as_text(function)).to_dict() for function in tools.all]

    def test_the_effective_prompt_is_kept_where_only_a_part_is_sent(
        self, provider: Provider, recorder: Recorder
    ) -> None:
        transcript = self.recorded(provider, recorder, "parallel")

        last = transcript.steps[-1]
        assert isinstance(last, ModelCall)
        assert [message["role"] for message in last.messages] == [  # type: ignore[index,call-overload]
            "system",
            "user",
            "assistant",
            "user",
        ]
        assert [tool["name"] for tool in last.tools] == ["get_weather", "search_flights"]  # type: ignore[index,call-overload]


class TestAsyncToolRunner(Suite):
    """The same, async; streamed runs end as the others do."""

    sdk_headers = SDK_HEADERS

    seen_by = "anthropic"
    is_async = True
    streams = False
    scenarios: ClassVar = ["parallel", "tool_error", "overloaded"]

    async def arun(
        self, url: str, scenario: str, tools: Tools, recorder: Recorder | None, stream: bool
    ) -> str:
        made = [anthropic.beta_async_tool(as_text(function)) for function in tools.all]
        if recorder is not None:
            from replay.recorder.middleware.anthropic import recorded_tools

            made = recorded_tools(recorder, made)
        async with anthropic.AsyncAnthropic(**client_options(url, recorder)) as client:
            runner = client.beta.messages.tool_runner(
                model=scenario,
                max_tokens=99,
                messages=[{"role": "user", "content": QUESTION}],
                tools=made,
            )
            return str((await runner.until_done()).content[0].text)


def test_the_middleware_alone_records_without_any_other_plane(
    provider: Provider, unwatched: Any, tmp_path: Any
) -> None:
    provider.reset()
    with unwatched(), Recorder(tmp_path / "alone.db") as recorder, recorder.trace() as trace:
        tools = Tools(provider.url, recorder, is_async=False)
        TestMessages().run(provider.url, "overloaded", tools, recorder, False)
        recorder.store.flush()
        transcript = recorder.store.transcript(trace.id)

    TestMessages().check(transcript, "overloaded", provider)


def test_a_reader_that_stops_early_and_never_closes_loses_nothing(
    provider: Provider, recorder: Recorder
) -> None:
    provider.reset()
    tools = Tools(provider.url, recorder, is_async=False)
    with recorder.trace() as trace, anthropic.Anthropic(**client_options(provider.url, None)) as c:
        events = c.messages.create(
            model="parallel",
            max_tokens=9,
            messages=[{"role": "user", "content": QUESTION}],
            tools=TOOLS,
            stream=True,
        )
        for event in events:
            if event.type == "message_delta":
                break  # before message_stop
        tools.get_weather(city="Paris", unit="c")
        recorder.store.flush()
        first, weather, _ = recorder.store.transcript(trace.id).steps

    assert isinstance(first, ModelCall)
    assert first.finish_reason == "tool_use"
    assert weather.model_call_id == first.id  # type: ignore[union-attr]
    del events
