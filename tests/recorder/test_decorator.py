"""`@recorder.tool`: the function stays what it was, and every call of it is kept."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Annotated, Any, Literal, get_type_hints

import httpx
import pytest
from pydantic import BaseModel, Field, TypeAdapter

from replay import Recorder, Toolbox
from replay.records import Outcome, ToolCall, Transcript
from replay.tools import Denied


class Order(BaseModel):
    id: str
    items: list[str] = []


def plain(city: str, unit: Literal["c", "f"] = "c", *, days: int = 1) -> dict[str, Any]:
    """Weather of a city.

    Args:
        city: Its name.
    """
    return {"city": city}


async def awaited(order: Order, note: Annotated[str, Field(max_length=9)] | None = None) -> str:
    """Place an order."""
    return order.id


def transcript(recorder: Recorder) -> Transcript:
    (trace_id,) = recorder.store.trace_ids()
    return recorder.store.transcript(trace_id)


def only_call(recorder: Recorder) -> ToolCall:
    (call,) = transcript(recorder).steps
    assert isinstance(call, ToolCall)
    return call


@pytest.mark.parametrize("function", [plain, awaited])
def test_no_framework_can_tell_the_decorated_function_from_the_function(
    recorder: Recorder, function: Any
) -> None:
    watched = recorder.tool(function)

    assert inspect.signature(watched) == inspect.signature(function)
    assert repr(get_type_hints(watched, include_extras=True)) == repr(
        get_type_hints(function, include_extras=True)
    )
    assert inspect.iscoroutinefunction(watched) == inspect.iscoroutinefunction(function)
    assert (watched.__name__, watched.__doc__) == (function.__name__, function.__doc__)
    assert watched.__module__ == function.__module__
    assert TypeAdapter(watched).json_schema() == TypeAdapter(function).json_schema()
    schemas = []
    for tool in (function, watched):
        toolbox = Toolbox("t")
        toolbox.add(tool)
        schemas.append(toolbox.schemas("openai"))
    assert schemas[0] == schemas[1]


def test_arguments_are_kept_by_name_with_their_defaults(recorder: Recorder) -> None:
    watched = recorder.tool(plain)

    with recorder.trace():
        result = watched("Paris", days=3)

    call = only_call(recorder)
    assert result == {"city": "Paris"}
    assert call.payload == {"city": "Paris", "unit": "c", "days": 3}
    assert call.arguments == '{"city":"Paris","unit":"c","days":3}'
    assert (call.result, call.response, call.outcome) == ({"city": "Paris"}, None, Outcome.OK)
    assert call.model_call_id is None


def test_a_snapshot_is_taken_before_the_tool_changes_its_arguments(recorder: Recorder) -> None:
    @recorder.tool
    def add(items: list[str]) -> list[str]:
        items.append("two")
        return items

    with recorder.trace():
        result = add(["one"])
        result.append("three")

    call = only_call(recorder)
    assert (call.payload, call.result) == ({"items": ["one"]}, ["one", "two"])


def test_an_async_function_takes_models_and_keeps_them_as_json(recorder: Recorder) -> None:
    watched = recorder.tool(awaited)

    async def main() -> str:
        async with recorder.trace():
            return await watched(Order(id="o1"))

    assert asyncio.run(main()) == "o1"
    assert only_call(recorder).payload == {"order": {"id": "o1", "items": []}, "note": None}


def test_a_method_is_kept_without_its_self(recorder: Recorder) -> None:
    class Shop:
        @recorder.tool
        def price(self, sku: str, **extra: int) -> int:
            return 7

    with recorder.trace():
        assert Shop().price("a", discount=1) == 7

    assert only_call(recorder).payload == {"sku": "a", "discount": 1}


def test_a_result_that_json_cannot_hold_is_passed_on_and_described(recorder: Recorder) -> None:
    unholdable = object()

    @recorder.tool
    def make() -> Any:
        return unholdable

    with recorder.trace():
        assert make() is unholdable

    call = only_call(recorder)
    assert call.outcome == Outcome.OK
    assert call.result == {"repr": repr(unholdable)}
    assert "result_is_described" in call.attributes


def test_without_a_trace_the_function_just_runs(recorder: Recorder) -> None:
    assert recorder.tool(plain)("Paris") == {"city": "Paris"}
    assert recorder.store.trace_ids() == []


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Denied("not yours", code="owner"), Outcome.DENIED),
        (ValueError("no"), Outcome.FAILED),
        (asyncio.CancelledError(), Outcome.CANCELLED),
        (KeyboardInterrupt(), Outcome.CANCELLED),
        (SystemExit(2), Outcome.CRASHED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_the_exception_is_the_very_same_and_says_how_the_call_ended(
    recorder: Recorder, error: BaseException, outcome: Outcome
) -> None:
    @recorder.tool
    def fail() -> None:
        raise error

    with recorder.trace():
        with pytest.raises(type(error)) as raised:
            fail()
        assert raised.value is error

    call = only_call(recorder)
    assert call.outcome == outcome
    assert call.error is not None
    assert call.error.message == str(error)


def test_a_task_that_is_cancelled_leaves_a_cancelled_call(recorder: Recorder) -> None:
    async def main() -> None:
        started = asyncio.Event()

        @recorder.tool
        async def wait() -> None:
            started.set()
            await asyncio.Event().wait()

        async with recorder.trace():
            task = asyncio.create_task(wait())
            await started.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())

    assert only_call(recorder).outcome == Outcome.CANCELLED


def test_a_tool_that_calls_a_decorated_helper_is_one_call(recorder: Recorder) -> None:
    @recorder.tool
    def inner(x: int) -> int:
        return x + 1

    @recorder.tool
    def outer(x: int) -> int:
        return inner(x) * 2

    with recorder.trace():
        assert outer(1) == 4

    assert only_call(recorder).tool == "outer"


def test_a_decorated_tool_of_a_toolbox_is_recorded_once(recorder: Recorder) -> None:
    toolbox = Toolbox("t")
    toolbox.add(recorder.tool(plain))
    asked = {"type": "function_call", "name": "plain", "arguments": '{"city": "Rome"}'}

    with recorder.trace():
        toolbox.dispatch_sync([{**asked, "call_id": "call_1"}])

    call = only_call(recorder)
    assert (call.tool, call.payload["city"], call.outcome) == ("plain", "Rome", Outcome.OK)
    assert call.attributes["toolbox"] == "t"


class _Weather(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"degrees": 18}')

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def weather_api() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Weather) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/weather"
        server.shutdown()
        thread.join()


def test_what_a_tool_asks_outside_is_kept_with_its_call(
    recorder: Recorder, weather_api: str
) -> None:
    @recorder.tool
    def get_weather(city: str) -> Any:
        return httpx.get(weather_api, params={"city": city}).json()

    with recorder.trace():
        assert get_weather("Paris") == {"degrees": 18}
        httpx.get(weather_api)  # outside any tool: nobody's

    call = only_call(recorder)
    (interaction,) = transcript(recorder).interactions[call.id]
    assert interaction.interaction_index == 0
    assert interaction.exchange["request"]["method"] == "GET"
    assert interaction.exchange["request"]["uri"] == f"{weather_api}?city=Paris"


@pytest.mark.slow
def test_what_tools_of_a_toolbox_ask_side_by_side_stays_apart(
    recorder: Recorder, weather_api: str
) -> None:
    toolbox = Toolbox("t")

    @toolbox.tool
    async def get_weather(city: str) -> Any:
        async with httpx.AsyncClient() as client:
            return (await client.get(weather_api, params={"city": city})).json()

    async def main() -> None:
        calls = [
            {
                "type": "function_call",
                "name": "get_weather",
                "arguments": f'{{"city": "c{n}"}}',
                "call_id": "same",
            }
            for n in range(10)
        ]
        async with recorder.trace():
            await toolbox.dispatch(calls)

    asyncio.run(main())

    whole = transcript(recorder)
    for step in whole.steps:
        assert isinstance(step, ToolCall)
        (interaction,) = whole.interactions[step.id]
        city = step.payload["city"]
        assert interaction.exchange["request"]["uri"] == f"{weather_api}?city={city}"
