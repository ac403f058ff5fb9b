"""A conversation that goes on elsewhere: another recorder, the same file, the same trace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openai import OpenAI

from replay import Recorder
from replay.demo.model_server import Call, ModelServer
from replay.records import ModelCall, Outcome, ToolCall
from replay.store import Store

TOLD: Any = [{"type": "function_call_output", "call_id": "call_x", "output": "15 C"}]


def ask(path: Path, base_url: str, said: Any, previous: str | None = None) -> str:
    """Send one request from a recorder and a context of its own; return the response's id."""
    answered: list[str] = []

    def send() -> None:
        options: Any = {"previous_response_id": previous} if previous else {}
        with (
            Recorder(path) as recorder,
            OpenAI(base_url=base_url, api_key="none") as client,
            recorder.trace(id="mine"),
        ):
            recorder.wrap(client)
            answered.append(client.responses.create(model="gpt-5", input=said, **options).id)
        assert (recorder.failures, recorder.last_failure) == (0, None)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join()
    return answered[0]


def test_a_prompt_that_names_a_response_of_another_recorder_is_whole(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model([Call("get_weather", {"city": "Paris"}, id="call_x"), "15 degrees.", "Bye."])
    path = tmp_path / "traces.db"

    asked = ask(path, server.base_url, "How warm is it?")
    answered = ask(path, server.base_url, TOLD, asked)
    ask(path, server.base_url, "Thanks", answered)

    with Store.open(path) as store:
        first, call, second, third = store.transcript("mine").steps
    assert isinstance(first, ModelCall)
    assert isinstance(call, ToolCall)
    assert isinstance(second, ModelCall)
    assert isinstance(third, ModelCall)
    assert second.messages == [*first.messages, *first.output, *TOLD]
    assert third.messages[: len(second.messages)] == second.messages
    assert third.messages[-1]["content"] == "Thanks"
    assert "prompt_is_partial" not in second.attributes | third.attributes
    assert (call.model_call_id, call.response) == (first.id, "15 C")
    assert (call.outcome, call.bound_by) == (Outcome.OK, "response")


def test_a_prompt_that_names_a_response_nobody_recorded_stays_partial(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(["Hello.", "Bye."])
    path = tmp_path / "traces.db"

    ask(path, server.base_url, "Hi")
    ask(path, server.base_url, "Thanks", "resp_elsewhere")

    with Store.open(path) as store:
        _, last = store.transcript("mine").steps
    assert last.attributes["prompt_is_partial"] is True
