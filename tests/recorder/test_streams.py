"""Streaming stays streaming, and what was streamed is kept whole."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import openai
import pytest
from openai import OpenAI

from replay import Recorder
from replay.demo.model_server import Call, ModelServer, Turn
from replay.recorder.streams import is_terminal, reassemble
from replay.recorder.wire import CHAT, RESPONSES
from replay.records import ModelCall, Outcome, ToolCall
from replay.store import Store

CALL = Call("get_weather", {"city": "Paris", "unit": "celsius"})


def steps(recorder: Recorder) -> list[ModelCall | ToolCall]:
    (trace_id,) = recorder.store.trace_ids()
    return recorder.store.transcript(trace_id).steps


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_first_chunk_arrives_before_the_second_is_sent(
    recorder: Recorder, model: Callable[..., ModelServer], api: str
) -> None:
    first_arrived = threading.Event()

    def hold(index: int) -> None:
        if index == 1:
            assert first_arrived.wait(60)

    server = model(["Hello there."], before_chunk=hold)
    with OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
        recorder.wrap(client)
        stream: Any = (
            client.chat.completions.create(
                model="gpt-5", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
            if api == "chat"
            else client.responses.create(model="gpt-5", input="Hi", stream=True)
        )
        chunks = iter(stream)
        next(chunks)
        first_arrived.set()
        rest = list(chunks)

    (call,) = steps(recorder)
    assert rest
    assert isinstance(call, ModelCall)
    assert "Hello there." in json.dumps(call.output)


def test_a_tool_that_runs_before_the_stream_has_ended_is_bound_to_its_call(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    @recorder.tool
    def get_weather(city: str, unit: str) -> int:
        return 18

    server = model([[CALL, Call("search_flights", {"to": "PAR"})]])
    with OpenAI(base_url=server.base_url, api_key="none") as client, recorder.trace():
        recorder.wrap(client)
        for event in client.responses.create(model="gpt-5", input="Hi", stream=True):
            if event.type == "response.function_call_arguments.done" and "Paris" in event.arguments:
                get_weather(**json.loads(event.arguments))

    first, weather, flights = steps(recorder)
    assert isinstance(first, ModelCall)
    assert isinstance(weather, ToolCall)
    assert isinstance(flights, ToolCall)
    assert (weather.model_call_id, weather.outcome) == (first.id, Outcome.OK)
    assert (flights.model_call_id, flights.outcome) == (first.id, Outcome.UNFINISHED)
    assert first.finish_reason == "completed"
    assert first.duration_ms is not None


def test_a_consumer_that_stops_reading_at_the_finish_reason_loses_nothing(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model([CALL])
    with OpenAI(base_url=server.base_url, api_key="none") as client, recorder.trace():
        recorder.wrap(client)
        stream = client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        for chunk in stream:
            if chunk.choices[0].finish_reason:
                break
        stream.close()

    call, weather = steps(recorder)
    assert isinstance(call, ModelCall)
    assert isinstance(weather, ToolCall)
    assert call.finish_reason == "tool_calls"
    assert weather.arguments == CALL.text


def test_a_stream_that_outlives_the_recorder_is_kept_as_far_as_it_was_read(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(["One two three four."])
    recorder = Recorder(tmp_path / "traces.db")
    with OpenAI(base_url=server.base_url, api_key="none") as client:
        recorder.wrap(client)
        stream = client.chat.completions.create(
            model="gpt-5", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        next(iter(stream))
        recorder.close()
        for _ in stream:
            pass

    assert (recorder.failures, recorder.last_failure) == (0, None)
    with Store.open(tmp_path / "traces.db", "r") as store:
        (call,) = store.transcript(*store.trace_ids()).steps
    assert isinstance(call, ModelCall)
    assert call.attributes["stream_ended_early"] is True


def test_a_stream_that_breaks_off_is_an_error_with_what_was_said(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model([Turn(["Hello there, my friend."], hang_up_after=3)])

    def read() -> None:
        with OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
            stream = recorder.wrap(client).chat.completions.create(
                model="gpt-5", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
            list(stream)

    with pytest.raises(openai.APIConnectionError):
        read()

    (call,) = steps(recorder)
    assert isinstance(call, ModelCall)
    assert call.error is not None
    assert call.error.type == "httpx2.RemoteProtocolError"
    assert call.output == {"role": "assistant", "content": "Hello there, m"}


@pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_a_compressed_answer_is_read_and_passed_on_as_it_is(
    recorder: Recorder, module: Any
) -> None:
    body = json.dumps({"id": "r1", "choices": [{"message": {"role": "assistant", "content": "é"}}]})
    packed = gzip.compress(body.encode(), mtime=0)
    headers = {"content-type": "application/json", "content-encoding": "gzip"}

    def answer(request: Any) -> Any:
        return module.Response(200, headers=headers, stream=_Pieces(module, packed))

    with module.Client(transport=module.MockTransport(answer)) as client:
        recorder.wrap(client)
        asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
        with client.stream("POST", "http://m/v1/chat/completions", json=asked) as response:
            raw = b"".join(response.iter_raw())

    (call,) = steps(recorder)
    assert raw == packed
    assert isinstance(call, ModelCall)
    assert call.output == {"role": "assistant", "content": "é"}


def _Pieces(module: Any, content: bytes) -> Any:
    class Pieces(module.SyncByteStream):  # type: ignore[misc]  # httpx or httpx2
        def __iter__(self) -> Any:
            for start in range(0, len(content), 10):
                yield content[start : start + 10]

    return Pieces()


def test_raw_events_are_kept_when_asked_for(
    tmp_path: Any, model: Callable[..., ModelServer]
) -> None:
    server = model(["Hi."])
    with (
        Recorder(tmp_path / "traces.db", keep_streams=True) as recorder,
        OpenAI(base_url=server.base_url, api_key="none") as client,
    ):
        list(recorder.wrap(client).responses.create(model="gpt-5", input="Hi", stream=True))

        (call,) = steps(recorder)
        assert isinstance(call, ModelCall)
        assert call.stream is not None
        assert call.stream.startswith("event: response.created\n")


@pytest.mark.parametrize("api", [CHAT, RESPONSES])
def test_a_stream_adds_up_to_the_answer_that_is_not_streamed(
    model: Callable[..., ModelServer], api: str
) -> None:
    server = model([["Let me look. ", CALL, Call("get_weather", '{"city": "Par')]])
    path = "chat/completions" if api == CHAT else "responses"
    asked: dict[str, Any] = {"model": "m", "stream_options": {"include_usage": True}}
    asked["messages" if api == CHAT else "input"] = [{"role": "user", "content": "Hi"}]
    whole = httpx.post(f"{server.base_url}/{path}", json=asked).json()
    raw = httpx.post(f"{server.base_url}/{path}", json={**asked, "stream": True}).content

    joined = reassemble(api, raw)

    assert joined is not None
    assert is_terminal(api, raw)
    for choice in whole.get("choices", []):
        choice["message"] = {k: v for k, v in choice["message"].items() if v}
        del choice["logprobs"]
    assert joined == whole


def test_argument_pieces_of_parallel_calls_may_come_interleaved() -> None:
    pieces = [
        (0, "get_weather", '{"ci'),
        (1, "get_time", "{"),
        (0, None, 'ty": 1}'),
        (1, None, "}"),
    ]
    events = [
        {"choices": [{"index": 0, "delta": {"tool_calls": [_piece(*piece)]}}]} for piece in pieces
    ]
    raw = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)

    joined = reassemble(CHAT, raw)

    assert joined is not None
    calls = joined["choices"][0]["message"]["tool_calls"]
    assert [call["function"] for call in calls] == [
        {"name": "get_weather", "arguments": '{"city": 1}'},
        {"name": "get_time", "arguments": "{}"},
    ]


def _piece(index: int, name: str | None, arguments: str) -> dict[str, Any]:
    head = {} if name is None else {"id": f"call_{index}", "type": "function"}
    return {"index": index, **head, "function": {"name": name, "arguments": arguments}}


def test_connection_errors_are_recorded_and_raised_as_ever(recorder: Recorder) -> None:
    with (
        OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=1) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        recorder.wrap(client).responses.create(model="gpt-5", input="Hi")

    (trace_id,) = recorder.store.trace_ids()
    transcript = recorder.store.transcript(trace_id)
    (call,) = transcript.steps
    assert isinstance(call, ModelCall)
    assert call.error is not None
    assert call.error.type == "httpx2.ConnectError"
    assert [a.attempt_number for a in transcript.attempts[call.id]] == [1, 2]
