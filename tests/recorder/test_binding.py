"""Under any concurrency, every outcome is bound to its own call.

The truth is a nonce: each execution of the tool returns another one, the agent sends it back under
the call's place, so a record whose result and response disagree was bound to the wrong call.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from replay import Recorder
from replay.demo.model_server import Call, ModelServer
from replay.recorder.binding import exchange
from replay.recorder.calls import Execution, LiveTrace, OpenCall
from replay.records import ModelCall, Outcome, Stage, ToolCall
from replay.store import Store
from tests.recorder.agents import CHAT_TOOLS

SAME_ID = "call_1"
SCRIPT = [
    [
        Call("get_weather", {"city": "Paris"}, id=SAME_ID),
        Call("get_weather", {"city": "Paris"}, id=SAME_ID),
    ],
    Call("get_weather", {"city": "Paris"}, id=SAME_ID),
    "Done.",
]
CALLS_PER_CONVERSATION = 3


def check(store: Store, conversations: int, *, calls: int = CALLS_PER_CONVERSATION) -> None:
    """Every conversation is one trace, every call is there, every result under its own call."""
    store.flush()
    questions, nonces = set(), set()
    for trace_id in store.trace_ids():
        steps = store.transcript(trace_id).steps
        asked = {s.messages[0]["content"] for s in steps if isinstance(s, ModelCall)}
        assert len(asked) == 1, f"one trace holds the conversations {asked}"
        questions |= asked
        assert [step.step_number for step in steps] == list(range(1, len(steps) + 1))
        tool_calls = [step for step in steps if isinstance(step, ToolCall)]
        assert len(tool_calls) == calls
        for call in tool_calls:
            assert call.outcome == Outcome.OK
            assert call.response is not None
            assert call.result == json.loads(call.response), call.bound_by
            assert call.model_call_id is not None
            nonces.add(json.dumps(call.result))
    assert len(questions) == conversations
    assert len(nonces) == conversations * calls


async def converse(client: AsyncOpenAI, question: str, tool: Any) -> None:
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        said = await client.chat.completions.create(
            model="gpt-5", messages=messages, tools=CHAT_TOOLS
        )
        message = said.choices[0].message
        messages.append(message.model_dump(exclude_none=True))
        if not message.tool_calls:
            return
        calls = [json.loads(call.function.arguments) for call in message.tool_calls]  # type: ignore[union-attr]
        results = await asyncio.gather(*(tool(**arguments) for arguments in calls))
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)}
            for call, result in zip(message.tool_calls, results, strict=True)
        ]


def shuffling_tool(recorder: Recorder) -> Any:
    """A tool whose executions end in another order than they began."""
    numbers = itertools.count()

    @recorder.tool
    async def get_weather(city: str) -> dict[str, Any]:
        number = next(numbers)
        for _ in range((number * 7) % 5):
            await asyncio.sleep(0)
        return {"nonce": number, "city": city}

    return get_weather


@pytest.mark.slow
@pytest.mark.parametrize("scoped", [True, False], ids=["in traces", "without a scope"])
def test_fifty_conversations_side_by_side_in_tasks(
    recorder: Recorder, model: Callable[..., ModelServer], scoped: bool
) -> None:
    server = model(SCRIPT)
    tool = shuffling_tool(recorder)

    async def hold(client: AsyncOpenAI, question: str) -> None:
        if not scoped:
            return await converse(client, question, tool)
        async with recorder.trace():
            await converse(client, question, tool)

    async def main() -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="none") as client:
            recorder.wrap(client)
            await asyncio.gather(*(hold(client, f"user {i}: weather?") for i in range(50)))

    asyncio.run(main())

    check(recorder.store, 50)


def test_fifty_equal_calls_in_one_turn(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model([[Call("get_weather", {"city": "Paris"}, id=SAME_ID)] * 50, "Done."])
    tool = shuffling_tool(recorder)

    async def main() -> None:
        async with AsyncOpenAI(base_url=server.base_url, api_key="none") as client:
            recorder.wrap(client)
            async with recorder.trace():
                # In reverse: first come is not first asked, only the next prompt can tell.
                async def reversed_tool(**arguments: Any) -> Any:
                    return await tool(**arguments)

                await converse(client, "weather?", reversed_tool)

    asyncio.run(main())

    check(recorder.store, 1, calls=50)


def test_tools_in_a_pool_that_carries_no_context_are_mended_by_the_next_prompt(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    """Nothing tells these executions apart at their start: no thread, no id, no arguments."""
    server = model(SCRIPT)
    numbers = itertools.count()
    everybody_asks = threading.Barrier(4)

    @recorder.tool
    def get_weather(city: str) -> int:
        return next(numbers)

    def hold(question: str, pool: ThreadPoolExecutor) -> None:
        messages: list[Any] = [{"role": "user", "content": question}]
        with OpenAI(base_url=server.base_url, api_key="none") as client:
            recorder.wrap(client)
            while True:
                said = client.chat.completions.create(
                    model="gpt-5", messages=messages, tools=CHAT_TOOLS
                )
                message = said.choices[0].message
                messages.append(message.model_dump(exclude_none=True))
                if not message.tool_calls:
                    return
                everybody_asks.wait(30)
                futures = [pool.submit(get_weather, city="Paris") for _ in message.tool_calls]
                everybody_asks.wait(30)
                for call, future in zip(message.tool_calls, futures, strict=True):
                    told = json.dumps(future.result())
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": told})

    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(4) as users:
        list(users.map(lambda i: hold(f"user {i}: weather?", pool), range(4)))

    check(recorder.store, 4)


WORKER = textwrap.dedent(
    """
    import itertools, json, os, sys, threading
    from openai import OpenAI
    from replay import Recorder
    from tests.recorder.agents import CHAT_TOOLS

    database, base_url, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    recorder = Recorder(database)
    numbers = itertools.count()

    @recorder.tool
    def get_weather(city):
        return {"nonce": f"{os.getpid()}-{next(numbers)}", "city": city}

    def hold(number, client):
        messages = [{"role": "user", "content": f"user {os.getpid()} {number}"}]
        with recorder.trace():
            while True:
                said = client.chat.completions.create(
                    model="gpt-5", messages=messages, tools=CHAT_TOOLS
                ).choices[0].message
                messages.append(said.model_dump(exclude_none=True))
                if not said.tool_calls:
                    return
                for call in said.tool_calls:
                    result = get_weather(**json.loads(call.function.arguments))
                    told = json.dumps(result)
                    messages.append({"role": "tool", "tool_call_id": call.id, "content": told})

    client = recorder.wrap(OpenAI(base_url=base_url, api_key="none"))
    users = [threading.Thread(target=hold, args=(i, client)) for i in range(threads)]
    for user in users: user.start()
    for user in users: user.join()
    assert recorder.failures == 0, recorder.last_failure
    recorder.close()
    """
)


@pytest.mark.slow
def test_two_processes_of_twenty_threads_record_into_one_file(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(SCRIPT)
    database = tmp_path / "traces.db"
    Store.open(database, "create").close()

    command = [sys.executable, "-c", WORKER, str(database), server.base_url, "20"]
    workers = [subprocess.Popen(command) for _ in range(2)]

    assert [worker.wait(120) for worker in workers] == [0, 0]
    with Store.open(database, "w") as store:
        check(store, 40)


def waiting_call(trace: LiveTrace, index: int) -> OpenCall:
    run = Execution(f"c{index}")
    return OpenCall(trace, index, "get_weather", "{}", "", run, call_index=index)


def ran(call: OpenCall, result: Any) -> Execution:
    run = call.execution
    run.started_at, run.is_certain = "now", False
    run.result, run.outcome = result, Outcome.UNFINISHED if result is None else Outcome.OK
    return run


def test_a_call_whose_execution_was_taken_by_another_gets_it_back() -> None:
    trace = LiveTrace(id="t", started_at="")
    mine, other = waiting_call(trace, 1), waiting_call(trace, 2)
    run = ran(other, {"nonce": 1})
    mine.told = '{"nonce": 1}'

    changed = exchange([mine], [other])

    assert changed == [mine, other]
    assert (mine.execution, run.call, run.bound_by) == (run, mine, "response")
    assert other.is_open


def test_an_execution_that_still_runs_may_change_its_call() -> None:
    trace = LiveTrace(id="t", started_at="")
    mine, other = waiting_call(trace, 1), waiting_call(trace, 2)
    running, done = ran(mine, None), ran(other, 7)
    mine.told = "7"

    exchange([mine], [mine, other])

    assert (mine.execution, other.execution) == (done, running)
    assert running.call is other


def test_no_scope_gives_an_execution_away() -> None:
    mine, other = (waiting_call(LiveTrace(id=name, started_at=""), 1) for name in "ab")
    ran(mine, 1)
    ran(other, 2)
    mine.told = "2"

    assert exchange([mine], [mine, other]) == []


@pytest.mark.parametrize("is_scoped", [True, False])
def test_the_calls_of_an_agent_within_a_tool_are_its_own_wherever_they_run(
    recorder: Recorder, model: Callable[..., ModelServer], is_scoped: bool
) -> None:
    """Frameworks run a step's tools in a context that is older than the step's model call."""
    server = model({"Outer": [Call("ask_expert", {}), "Done."], "Inner": [SCRIPT[1], "Sunny."]})

    def converse_in_steps(client: OpenAI, question: str, tool: Any) -> str:
        messages: list[Any] = [{"role": "user", "content": question}]
        context = contextvars.copy_context()
        while True:
            said = context.copy().run(
                client.chat.completions.create,
                model="gpt-5",
                messages=messages,
                tools=CHAT_TOOLS,
            )
            message = said.choices[0].message
            messages.append(message.model_dump(exclude_none=True))
            if not message.tool_calls:
                return str(message.content)
            for call in message.tool_calls:
                told = context.copy().run(tool, call)
                messages.append({"role": "tool", "tool_call_id": call.id, "content": told})

    with OpenAI(base_url=server.base_url, api_key="none") as client:
        recorder.wrap(client)

        def get_weather(asked: Any) -> str:
            with recorder.tool_call("get_weather", call_id=asked.id) as call:
                call.returned("sunny")
            return "sunny"

        def ask_expert(asked: Any) -> str:
            with recorder.tool_call("ask_expert", call_id=asked.id) as call:
                call.returned(converse_in_steps(client, "Inner", get_weather))
            return "Sunny."

        with recorder.trace() if is_scoped else contextlib.nullcontext():
            converse_in_steps(client, "Outer", ask_expert)

    recorder.store.flush()
    steps = [s for t in recorder.store.trace_ids() for s in recorder.store.transcript(t).steps]
    calls = {step.tool: step for step in steps if isinstance(step, ToolCall)}
    assert {tool: call.bound_by for tool, call in calls.items()} == {
        "ask_expert": "provider_call_id",
        "get_weather": "provider_call_id",
    }
    assert calls["get_weather"].result == "sunny"


def test_a_framework_that_refuses_text_that_is_no_json_says_bad_json(
    recorder: Recorder, model: Callable[..., ModelServer]
) -> None:
    server = model([Call("get_weather", '{"city": "Par', id=SAME_ID)])
    with OpenAI(base_url=server.base_url, api_key="none") as client, recorder.trace() as trace:
        recorder.wrap(client)
        client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "Hi"}])
        asked = '{"city": "Par'
        with recorder.tool_call("get_weather", call_id=SAME_ID, arguments=asked) as call:
            call.refused(Outcome.INVALID_ARGUMENTS, "Invalid JSON: EOF while parsing a string")

    _, kept = recorder.store.transcript(trace.id).steps
    assert isinstance(kept, ToolCall)
    assert (kept.outcome, kept.error and kept.error.stage) == (Outcome.BAD_JSON, Stage.PARSE)
