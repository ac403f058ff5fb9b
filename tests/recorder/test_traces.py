"""Traces: opened by a scope, or put together by their prompts."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from openai import OpenAI

from replay import Recorder, Toolbox
from replay.demo.model_server import Call, ModelServer
from replay.errors import ReplayError
from replay.records import ModelCall, ToolCall
from replay.verdicts.overlaps import epoch_s
from tests.recorder.agents import chat_agent


def kinds(recorder: Recorder, trace_id: str) -> list[str]:
    return [step.kind for step in recorder.store.transcript(trace_id).steps]


def test_a_trace_keeps_what_it_is_given(recorder: Recorder) -> None:
    start = {"orders": ["o1"]}

    with recorder.trace(start=start, labels={"user": "42"}) as trace:
        start["orders"].append("o2")
        trace.labels["plan"] = "pro"
        trace.outcome = "resolved"

    kept = recorder.store.transcript(trace.id).trace
    assert kept.start == {"orders": ["o1"]}
    assert kept.labels == {"user": "42", "plan": "pro"}
    assert (kept.app, kept.outcome, kept.source) == ("test", "resolved", "recorded")
    assert kept.ended_at is not None


def test_a_trace_that_raises_says_so_and_lets_it_through(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="boom"), recorder.trace() as trace:
        raise ValueError("boom")

    assert recorder.store.transcript(trace.id).trace.attributes == {
        "raised": "ValueError: boom",
        "redacted": True,
    }


def test_a_run_with_the_same_id_goes_on(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model(["One.", "Two."])
    with OpenAI(base_url=server.base_url, api_key="none") as client:
        recorder.wrap(client)
        for question in ("Hi", "And?"):
            with recorder.trace(id="conversation 7"):
                client.responses.create(model="gpt-5", input=question)

    steps = recorder.store.transcript("conversation 7").steps
    assert [step.step_number for step in steps] == [1, 2]
    assert recorder.store.trace_ids() == ["conversation 7"]


def test_a_run_goes_on_in_another_process_or_recorder(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(["One.", "Two."])
    started = []
    for question in ("Hi", "And?"):
        with (
            Recorder(tmp_path / "traces.db") as recorder,
            OpenAI(base_url=server.base_url, api_key="none") as client,
            recorder.trace(id="conversation 7", labels={question: "asked"}),
        ):
            recorder.wrap(client).responses.create(model="gpt-5", input=question)
            started.append(recorder.store.transcript("conversation 7").trace.started_at)

    with Recorder(tmp_path / "traces.db") as recorder:
        transcript = recorder.store.transcript("conversation 7")
    assert [step.step_number for step in transcript.steps] == [1, 2]
    assert started[0] == started[1] == transcript.trace.started_at
    assert transcript.trace.labels == {"Hi": "asked", "And?": "asked"}


def test_without_a_scope_prompts_tell_conversations_apart(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model([Call("get_weather", {"city": "Paris"}, id="call_1"), "Done.", "Bye."])
    with OpenAI(base_url=server.base_url, api_key="none") as client:
        recorder.wrap(client)
        talks = [
            chat_agent(client, f"user {n}: weather?", {"get_weather": lambda city, n=n: n})
            for n in range(3)
        ]
        for talk in talks:  # each goes on, in turn
            talk.append({"role": "user", "content": "Thanks!"})
            client.chat.completions.create(model="gpt-5", messages=talk)

    trace_ids = recorder.store.trace_ids()
    assert len(trace_ids) == 3
    for number, trace_id in enumerate(trace_ids):
        steps = recorder.store.transcript(trace_id).steps
        assert [s.kind for s in steps] == ["model_call", "tool_call", "model_call", "model_call"]
        assert isinstance(steps[1], ToolCall)
        assert steps[1].response == str(number)


def test_the_same_question_asked_again_after_an_answer_is_another_trace(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model(["Hello."])
    with OpenAI(base_url=server.base_url, api_key="none") as client:
        recorder.wrap(client)
        for _ in range(3):
            client.responses.create(model="gpt-5", input="Hi")

    assert len(recorder.store.trace_ids()) == 3


def test_without_a_scope_a_chain_of_responses_is_one_trace(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model(["One.", "Two.", "Three."])
    with OpenAI(base_url=server.base_url, api_key="none") as client:
        recorder.wrap(client)
        previous = None
        for question in ("a", "b", "c"):
            options: Any = {"previous_response_id": previous} if previous else {}
            previous = client.responses.create(model="gpt-5", input=question, **options).id

    (trace_id,) = recorder.store.trace_ids()
    last = recorder.store.transcript(trace_id).steps[-1]
    assert isinstance(last, ModelCall)
    assert [m.get("content") for m in last.messages if m.get("role") == "user"] == ["a", "b", "c"]
    assert len(last.messages) == 5


def test_without_a_scope_the_toolbox_is_watched_as_well(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model([Call("double", {"x": 4}), "Eight."])
    toolbox = Toolbox("t")

    @toolbox.tool
    def double(x: int) -> int:
        return 2 * x

    def hold() -> None:
        with OpenAI(base_url=server.base_url, api_key="none") as client:
            recorder.wrap(client)
            asked = client.responses.create(model="gpt-5", input="Double 4")
            answers: Any = toolbox.dispatch_sync(asked)
            client.responses.create(model="gpt-5", input=answers, previous_response_id=asked.id)

    thread = threading.Thread(target=hold)  # a context of its own
    thread.start()
    thread.join()

    (trace_id,) = recorder.store.trace_ids()
    asked, call, _ = recorder.store.transcript(trace_id).steps
    assert isinstance(call, ToolCall)
    assert (call.model_call_id, call.result, call.response) == (asked.id, 8, "8")
    assert call.bound_by == "provider_call_id"
    assert call.stages


def test_a_thread_of_ones_own_takes_the_trace_along_when_bound(recorder: Recorder) -> None:
    @recorder.tool
    def note(text: str) -> None:
        pass

    with recorder.trace() as trace:
        for target in (note, recorder.bind(note)):
            thread = threading.Thread(target=target, args=("hi",))
            thread.start()
            thread.join()

    assert kinds(recorder, trace.id) == ["tool_call"]


def test_two_recorders_side_by_side_keep_apart(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(["Hello."])
    with contextlib.ExitStack() as stack:
        recorders = [stack.enter_context(Recorder(tmp_path / f"{n}.db")) for n in range(2)]
        for recorder in recorders:
            client = stack.enter_context(OpenAI(base_url=server.base_url, api_key="none"))
            recorder.wrap(client)
            with recorder.trace():
                client.responses.create(model="gpt-5", input="Hi")
        assert [len(recorder.store.trace_ids()) for recorder in recorders] == [1, 1]


def test_a_client_wrapped_twice_is_recorded_once(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model(["Hello."])
    with OpenAI(base_url=server.base_url, api_key="none") as client, recorder.trace() as trace:
        recorder.wrap(recorder.wrap(client)).with_options(timeout=5).responses.create(
            model="gpt-5", input="Hi"
        )

    assert kinds(recorder, trace.id) == ["model_call"]


def test_a_client_without_an_http_client_is_refused(recorder: Recorder) -> None:
    with pytest.raises(ReplayError, match="sends through no httpx or httpx2 client"):
        recorder.wrap(object())


@pytest.mark.parametrize("kind", [httpx.Client, httpx2.Client], ids=["httpx", "httpx2"])
def test_the_sdk_is_recorded_on_either_http_library(
    recorder: Recorder, model: Callable[..., ModelServer], kind: Any
) -> None:
    server = model(["Hello."])
    with (
        kind() as http,
        OpenAI(base_url=server.base_url, api_key="none", http_client=http) as client,
        recorder.trace() as trace,
    ):
        recorder.wrap(client).responses.create(model="gpt-5", input="Hi")

    assert kinds(recorder, trace.id) == ["model_call"]


def test_a_call_is_not_said_to_end_before_it_did_where_the_worlds_start_was_looked_at(
    recorder: Recorder,
) -> None:
    """Else a call beside it, whose doing its state shows, seems to come after it."""
    toolbox = Toolbox("slow to look at")
    seen: list[float] = []

    @toolbox.state
    def state(world: dict[str, int]) -> dict[str, int]:
        time.sleep(0.03)
        return world

    @toolbox.tool
    def look() -> None:
        seen.append(time.time())

    with recorder.trace(id="t"):
        toolbox.dispatch_sync([{"name": "look", "args": {}}], world={"a": 1})

    (call,) = [one for one in recorder.store.transcript("t").steps if isinstance(one, ToolCall)]
    assert epoch_s(call.started_at) + (call.duration_ms or 0.0) / 1000 >= seen[0] - 0.001
