"""Tools behind HTTP: a FastAPI service that an agent's tools ask."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

fastapi = pytest.importorskip("fastapi", reason="fastapi is not installed")
uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")

import httpx  # noqa: E402
from pydantic import BaseModel  # noqa: E402

from replay import Recorder  # noqa: E402
from replay.records import Outcome  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import tool_calls  # noqa: E402
from tests.frameworks.travel import Tools  # noqa: E402


class Weather(BaseModel):
    city: str
    unit: str = "c"


def application(tools: Tools) -> Any:
    app = fastapi.FastAPI()

    @app.post("/tools/get_weather")
    async def get_weather(asked: Weather) -> Any:
        return await tools.get_weather(city=asked.city, unit=asked.unit)

    @app.post("/tools/stream")
    async def stream() -> Any:
        async def pieces() -> Any:
            for number in range(3):
                yield f"{number};"

        return fastapi.responses.StreamingResponse(pieces(), media_type="text/plain")

    return app


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    folder: Path = tmp_path_factory.mktemp("server")
    with Recorder(folder / "server.db") as recorder:
        yield recorder


@pytest.fixture(scope="module")
def urls(provider: Provider, elsewhere: Recorder) -> Iterator[tuple[str, str]]:
    """The service with us and without us."""
    from replay.recorder.middleware.asgi import RecordingMiddleware

    recorded = application(Tools(provider.url, is_async=True))
    recorded.add_middleware(RecordingMiddleware, recorder=elsewhere, prefix="/tools/")
    alone = application(Tools(provider.url, is_async=True))
    servers = [
        uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
        for app in (recorded, alone)
    ]
    threads = [threading.Thread(target=server.run, daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    while not all(server.started for server in servers):
        time.sleep(0.01)
    with_us, without = (
        f"http://127.0.0.1:{s.servers[0].sockets[0].getsockname()[1]}" for s in servers
    )
    yield with_us, without
    for server, thread in zip(servers, threads, strict=True):
        server.should_exit = True
        thread.join(5)


ASKED: list[tuple[str, Any, Outcome]] = [
    ("get_weather", {"city": "Paris", "unit": "c"}, Outcome.OK),
    ("get_weather", {"town": "Paris"}, Outcome.INVALID_ARGUMENTS),
    ("get_weather", {"city": "Atlantis"}, Outcome.FAILED),
    ("book_hotel", {"city": "Paris"}, Outcome.UNKNOWN_TOOL),
    ("stream", {}, Outcome.OK),
]


def test_stored_facts_equal_the_truth_and_answers_are_the_same(
    urls: tuple[str, str], elsewhere: Recorder
) -> None:
    with httpx.Client() as client:
        for index, (tool, arguments, _) in enumerate(ASKED):
            headers = {"x-replay-trace-id": "run-1", "x-tool-call-id": f"call_{index}"}
            one, two = (
                client.post(f"{url}/tools/{tool}", json=arguments, headers=headers) for url in urls
            )
            assert (one.status_code, one.content) == (two.status_code, two.content)
            volatile = ("date",)
            kept = [[h for h in r.headers.raw if h[0].decode() not in volatile] for r in (one, two)]
            assert kept[0] == kept[1]

    elsewhere.store.flush()
    (trace_id,) = [
        t
        for t in elsewhere.store.trace_ids()
        if elsewhere.store.transcript(t).trace.labels.get("caller") == "run-1"
    ]
    transcript = elsewhere.store.transcript(trace_id)
    calls = tool_calls(transcript)
    assert [(c.tool, json.loads(c.arguments), c.outcome) for c in calls] == ASKED
    assert [call.provider_call_id for call in calls] == [f"call_{i}" for i in range(len(ASKED))]
    assert calls[0].result == {"city": "Paris", "degrees": 18, "unit": "c"}
    assert calls[4].result == "0;1;2;"
    assert [len(transcript.interactions.get(c.id, [])) for c in calls] == [1, 0, 1, 0, 0]
    assert elsewhere.failures == 0


def test_calls_at_once_are_one_trace_and_the_schemas_are_the_same(
    urls: tuple[str, str], elsewhere: Recorder
) -> None:
    async def main() -> list[Any]:
        async with httpx.AsyncClient() as client:
            headers = {"x-replay-trace-id": "run-2"}
            asked = [
                client.post(
                    f"{urls[0]}/tools/get_weather",
                    json={"city": "Paris", "unit": unit},
                    headers={**headers, "x-tool-call-id": unit},
                )
                for unit in ("c", "f")
            ]
            return [answer.json() for answer in await asyncio.gather(*asked)]

    answers = asyncio.run(main())
    schemas = [httpx.get(f"{url}/openapi.json").content for url in urls]

    assert schemas[0] == schemas[1]
    elsewhere.store.flush()
    found = [elsewhere.store.transcript(t) for t in elsewhere.store.trace_ids()]
    (transcript,) = (t for t in found if t.trace.labels.get("caller") == "run-2")
    calls = {call.provider_call_id: call for call in tool_calls(transcript)}
    assert [calls[unit].result for unit in ("c", "f")] == answers


def test_twenty_callers_at_once_are_told_apart(urls: tuple[str, str], elsewhere: Recorder) -> None:
    async def call(client: httpx.AsyncClient, number: int) -> None:
        for _ in range(3):
            headers = {"x-replay-trace-id": f"agent {number}", "x-tool-call-id": f"c{number}"}
            await client.post(
                f"{urls[0]}/tools/get_weather", json={"city": "Paris"}, headers=headers
            )

    async def main() -> None:
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(call(client, number) for number in range(20)))

    asyncio.run(main())

    elsewhere.store.flush()
    found = [elsewhere.store.transcript(t) for t in elsewhere.store.trace_ids()]
    agents = [t for t in found if t.trace.labels.get("caller", "").startswith("agent")]
    assert len(agents) == 20
    for transcript in agents:
        number = transcript.trace.labels["caller"].removeprefix("agent ")
        ids = [call.provider_call_id for call in tool_calls(transcript)]
        assert ids == [f"c{number}"] * 3
