"""Tools that nobody sees run: what is asked between a model's output and its next prompt."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from cassettes.scope import current
from replay import Recorder
from replay.demo.api_server import serve_travel_api
from replay.demo.model_server import Call, ModelServer
from replay.recorder import trace_book, turn_watch
from replay.records import Interaction
from replay.store import Store


@pytest.fixture
def api() -> Iterator[str]:
    with serve_travel_api() as url:
        yield url


def get_weather(api: str, city: str) -> str:
    return httpx.get(f"{api}/weather", params={"city": city}, trust_env=False).text


def converse(client: OpenAI, run_all: Callable[[list[Any]], list[str]]) -> None:
    """An agent of the plainest kind: it runs what the model asks for, until it asks no more."""
    messages: list[Any] = [{"role": "user", "content": "How warm is it?"}]
    while True:
        answer = client.chat.completions.create(model="gpt-5", messages=messages)
        said = answer.choices[0].message
        messages.append(said.model_dump(exclude_none=True))
        if not said.tool_calls:
            return
        arguments = [json.loads(call.function.arguments) for call in said.tool_calls]  # type: ignore[union-attr]  # functions only
        for call, told in zip(said.tool_calls, run_all(arguments), strict=True):
            messages.append({"role": "tool", "tool_call_id": call.id, "content": told})


def recorded(
    path: Path, script: list[Any], run_all: Callable[[list[Any]], list[str]]
) -> list[list[Interaction]]:
    """Record one conversation; return the interactions of each of its tool calls."""
    with (
        ModelServer(script) as server,
        Recorder(path) as recorder,
        OpenAI(base_url=server.base_url, api_key="none") as plain,
        recorder.trace(),
    ):
        converse(recorder.wrap(plain), run_all)
    with Store.open(path) as store:
        transcript = store.transcript(store.trace_ids()[0])
    calls = [step for step in transcript.steps if step.kind == "tool_call"]
    return [transcript.interactions.get(call.id, []) for call in calls]


def asked(interactions: list[Interaction]) -> list[str]:
    return [one.exchange["request"]["uri"].partition("?")[2] for one in interactions]


def test_requests_of_unseen_tools_are_kept_with_their_turn(tmp_path: Path, api: str) -> None:
    script = [
        [Call("get_weather", {"city": "Paris"}), Call("get_weather", {"city": "Berlin"})],
        [Call("get_weather", {"city": "Rome"})],
        "Warm.",
    ]

    first, second, third = recorded(
        tmp_path / "traces.db",
        script,
        lambda asked: [get_weather(api, one["city"]) for one in asked],
    )

    assert (asked(first), asked(second)) == (["city=Paris", "city=Berlin"], [])
    assert asked(third) == ["city=Rome"]
    assert {one.bound_by for one in [*first, *third]} == {"turn"}


def test_threads_that_the_agent_starts_belong_to_the_turn(tmp_path: Path, api: str) -> None:
    def at_once(asked: list[Any]) -> list[str]:
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda one: get_weather(api, one["city"]), asked))

    calls = [Call("get_weather", {"city": city}) for city in ("Paris", "Berlin", "Rome")]
    kept, *others = recorded(tmp_path / "traces.db", [calls, "Warm."], at_once)

    assert sorted(asked(kept)) == ["city=Berlin", "city=Paris", "city=Rome"]
    assert others == [[], []]


def test_nothing_is_kept_before_the_first_output_and_after_the_last(
    tmp_path: Path, api: str
) -> None:
    get_weather(api, "before")
    (kept,) = recorded(
        tmp_path / "traces.db",
        [[Call("get_weather", {"city": "Paris"})], "Warm."],
        lambda asked: [get_weather(api, one["city"]) for one in asked],
    )
    get_weather(api, "after")

    assert asked(kept) == ["city=Paris"]
    assert current.get() is None


def test_a_tool_that_is_seen_keeps_its_own(tmp_path: Path, api: str) -> None:
    script = [[Call("weather", {"city": "Paris"})], "Warm."]
    with ModelServer(script) as server, Recorder(tmp_path / "traces.db") as recorder:

        @recorder.tool
        def weather(city: str) -> str:
            return get_weather(api, city)

        def run(arguments: list[Any]) -> list[str]:
            get_weather(api, "the agent's own")
            return [weather(**one) for one in arguments]

        with OpenAI(base_url=server.base_url, api_key="none") as plain, recorder.trace():
            converse(recorder.wrap(plain), run)
    with Store.open(tmp_path / "traces.db") as store:
        transcript = store.transcript(store.trace_ids()[0])

    ((kept,),) = transcript.interactions.values()
    assert (kept.bound_by, asked([kept])) == ("call", ["city=Paris"])


def test_an_agent_that_asks_on_and_on_does_not_fill_the_memory(
    tmp_path: Path, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_watch, "INTERACTIONS_MAX", 3)
    (kept,) = recorded(
        tmp_path / "traces.db",
        [[Call("get_weather", {"city": "Paris"})], "Warm."],
        lambda asked: list(map(get_weather, [api] * 5, "01234"))[:1],
    )

    assert asked(kept) == ["city=0", "city=1", "city=2"]


def test_what_an_agent_asked_before_it_raised_in_a_tool_is_kept(tmp_path: Path, api: str) -> None:
    def run(arguments: list[Any]) -> list[str]:
        get_weather(api, arguments[0]["city"])
        raise LookupError("no such city")

    script = [[Call("get_weather", {"city": "Paris"})], "Warm."]
    with pytest.raises(LookupError):
        recorded(tmp_path / "traces.db", script, run)
    get_weather(api, "after")

    with Store.open(tmp_path / "traces.db") as store:
        (kept,) = store.transcript(store.trace_ids()[0]).interactions.values()
    assert asked(kept) == ["city=Paris"]
    assert current.get() is None


def test_nothing_is_kept_of_turns_where_the_outside_is_not_to_be_kept(
    tmp_path: Path, api: str
) -> None:
    script = [[Call("get_weather", {"city": "Paris"})], "Warm."]
    with (
        ModelServer(script) as server,
        Recorder(tmp_path / "traces.db", outside=False) as recorder,
        OpenAI(base_url=server.base_url, api_key="none") as plain,
        recorder.trace(),
    ):
        converse(recorder.wrap(plain), lambda _: [get_weather(api, "Paris")])
    with Store.open(tmp_path / "traces.db") as store:
        assert not store.transcript(store.trace_ids()[0]).interactions


def says(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


class Untold:
    """Conversations outside any scope whose agent ends right after its tool ran."""

    def __init__(self, server: ModelServer, recorder: Recorder, api: str) -> None:
        self.api = api
        self.plain = OpenAI(base_url=server.base_url, api_key="none")
        self.client = recorder.wrap(self.plain)

    def hold(self, city: str) -> None:
        said = [{"role": "user", "content": city}]
        self.client.chat.completions.create(model="gpt-5", messages=said)  # type: ignore[arg-type]  # a list
        get_weather(self.api, city)


@pytest.fixture
def untold(tmp_path: Path, api: str) -> Iterator[Untold]:
    ask = [Call("get_weather", {"city": "any"})]
    with (
        ModelServer([ask, ask, ask]) as server,
        Recorder(tmp_path / "traces.db") as recorder,
    ):
        agent = Untold(server, recorder, api)
        with agent.plain:
            yield agent


def kept_in(path: Path) -> list[list[str]]:
    """What was asked in each trace of a database that a recorder may still write into."""
    with Store.open(path, mode="r") as store:
        found = [store.transcript(one) for one in store.trace_ids()]
    return [[word for one in each.interactions.values() for word in asked(one)] for each in found]


def test_what_a_last_tool_asked_that_told_no_model_is_kept_when_the_recorder_ends(
    tmp_path: Path, api: str
) -> None:
    path = tmp_path / "traces.db"
    script = [[Call("get_weather", {"city": "Paris"})]]
    with ModelServer(script) as server, Recorder(path) as recorder:
        agent = Untold(server, recorder, api)
        with agent.plain:
            agent.hold("Paris")
    get_weather(api, "after")

    assert kept_in(path) == [["city=Paris"]]
    assert current.get() is None


def test_the_next_conversation_of_a_thread_has_the_last_ones_requests_kept(
    untold: Untold, tmp_path: Path
) -> None:
    untold.hold("Paris")
    untold.hold("Rome")

    assert kept_in(tmp_path / "traces.db") == [["city=Paris"], []]


def test_requests_of_a_task_that_is_gone_are_kept_with_the_next_conversation_of_any(
    untold: Untold, tmp_path: Path
) -> None:
    def in_a_task(city: str) -> None:
        copy_context().run(untold.hold, city)

    in_a_task("Paris")
    in_a_task("Rome")

    assert kept_in(tmp_path / "traces.db") == [["city=Paris"], []]


def test_a_trace_that_is_held_open_no_longer_has_its_requests_kept(
    untold: Untold, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_book, "STITCHED_MAX", 1)
    tasks = [copy_context() for _ in range(2)]  # each may still ask, for all that anybody knows
    for task, city in zip(tasks, ("Paris", "Rome"), strict=True):
        task.run(untold.hold, city)

    assert kept_in(tmp_path / "traces.db") == [["city=Paris"], []]


def test_requests_are_kept_with_a_tool_that_nobody_sees_rather_than_with_one_that_may_come(
    tmp_path: Path, api: str
) -> None:
    path = tmp_path / "traces.db"
    both = [Call("weather", {"city": "Rome"}), Call("get_weather", {"city": "Paris"})]
    with ModelServer([both, "Warm."]) as server, Recorder(path) as recorder:

        @recorder.tool
        def weather(city: str) -> str:
            return get_weather(api, city)

        agent = Untold(server, recorder, api)
        with agent.plain:
            agent.hold("Paris")  # the second tool runs before the first, and asks a model itself
            chat: list[Any] = [{"role": "user", "content": "Sum up."}, says("What?"), says("This.")]
            agent.client.chat.completions.create(model="gpt-5", messages=chat)
            weather("Rome")
    with Store.open(path) as store:
        transcript = next(t for t in map(store.transcript, store.trace_ids()) if t.interactions)

    tools = {one.id: one.tool for one in transcript.steps if one.kind == "tool_call"}
    assert {tools[name]: asked(kept) for name, kept in transcript.interactions.items()} == {
        "weather": ["city=Rome"],
        "get_weather": ["city=Paris"],
    }
