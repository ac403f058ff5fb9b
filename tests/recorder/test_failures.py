"""A failure of ours is logged and counted, and never reaches the application."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from replay import Recorder, Toolbox
from replay.demo.model_server import Call, ModelServer
from replay.errors import StoreError
from replay.records import ModelCall
from replay.store import Store
from tests.recorder.conftest import AgentRun


class BrokenStore(Store):
    """A store on a disk that is full."""

    def append(self, record: Any) -> None:
        raise StoreError("The disk is full.")

    def append_fields(self, kind: str, fields: Any) -> None:
        raise StoreError("The disk is full.")

    def append_all(self, records: Any) -> None:
        raise StoreError("The disk is full.")


def test_an_agent_runs_on_when_nothing_can_be_stored(
    tmp_path: Path,
    model: Callable[..., ModelServer],
    hold_conversation: AgentRun,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = model([Call("double", {"x": 4}), "Eight."])
    with BrokenStore.open(tmp_path / "traces.db", "create") as store:
        recorder = Recorder(store)

        with caplog.at_level(logging.WARNING, "replay"):
            messages = hold_conversation(
                server.base_url, "Hi", {"double": recorder.tool(_double)}, recorder
            )

    assert "Eight." in str(messages[-1])
    assert "8" in str(messages[-2])
    assert recorder.failures >= 4
    assert recorder.last_failure == "close a trace: StoreError: The disk is full."
    assert len(caplog.records) == 1
    assert "the application goes on" in caplog.text


def _double(x: int) -> int:
    return 2 * x


def test_a_toolbox_runs_on_when_nothing_can_be_stored(tmp_path: Path) -> None:
    toolbox = Toolbox("t")
    toolbox.add(_double)
    asked = {"type": "function_call", "name": "_double", "arguments": '{"x": 4}', "call_id": "c"}
    with BrokenStore.open(tmp_path / "traces.db", "create") as store:
        recorder = Recorder(store)
        with recorder.trace():
            (told,) = toolbox.dispatch_sync([asked])

    assert told["output"] == "8"
    assert recorder.failures > 0


def test_a_path_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look at: " * 10)

    with pytest.raises(StoreError):
        Recorder(path)


@pytest.mark.parametrize(
    "body",
    [b"not json", b"[]", b'{"choices": 3}', b'{"choices": [{"message": {"tool_calls": 4}}]}', b""],
)
def test_answers_that_make_no_sense_reach_the_agent_as_they_are(
    recorder: Recorder, body: bytes
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=body)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        recorder.wrap(client)
        asked = {"messages": [{"role": "user", "content": "Hi"}, 7, None]}
        response = client.post("http://m/chat/completions", json=asked)

    assert response.content == body
    assert len(recorder.store.trace_ids()) == 1


@pytest.mark.parametrize("text", ["lone \ud800 surrogate", "NUL \x00 byte", "x" * 5_000_000])
def test_hard_texts_are_recorded(recorder: Recorder, text: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = json.dumps({"choices": [{"message": {"content": text}}]})
        return httpx.Response(200, content=body)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        recorder.wrap(client)
        client.post(
            "http://m/chat/completions",
            content=json.dumps({"messages": [{"role": "user", "content": text}]}),
        )

    (trace_id,) = recorder.store.trace_ids()
    (call,) = recorder.store.transcript(trace_id).steps
    assert isinstance(call, ModelCall)
    assert call.messages == [{"role": "user", "content": text}]
    assert call.output == {"content": text}


def test_requests_that_are_no_model_calls_pass_unseen(recorder: Recorder) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200)

    def pieces() -> Any:
        yield b"{}"

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        recorder.wrap(client)
        client.get("http://m/v1/responses")
        client.post("http://m/v1/embeddings", json={"input": "x"})
        client.post("http://m/v1/chat/completions", json={"not": "messages"})
        client.post("http://m/v1/chat/completions", content=b"\xff")
        client.post("http://m/v1/chat/completions", content=pieces())

    assert recorder.store.trace_ids() == []
