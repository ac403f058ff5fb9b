"""The recording proxy: an agent that knows nothing of it, through it; the same bytes."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.demo.model_server import Call, ModelServer
from replay.recorder.proxy import UPSTREAMS, RecordingProxy
from replay.records import ModelCall, ToolCall
from replay.store import Store
from tests.recorder.conftest import AgentRun

ModelStart = Callable[..., ModelServer]


@contextmanager
def proxied(recorder: Recorder, server: ModelServer) -> Iterator[RecordingProxy]:
    upstream = server.base_url.removesuffix("/v1")
    with RecordingProxy(recorder, {"any": upstream}, host="127.0.0.1", port=0) as proxy:
        yield proxy


def posted(url: str, body: Any, **headers: str) -> tuple[int, bytes]:
    """Ask as a program would that knows no SDK."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    text = json.dumps(body)
    connection.request("POST", parts.path, text, {"content-type": "application/json", **headers})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_an_agent_is_recorded_through_the_proxy_and_sees_no_difference(
    recorder: Recorder, model: ModelStart, hold_conversation: AgentRun
) -> None:
    script = [[Call("get_weather", {"city": "Paris"})], "15 degrees."]
    tools = {"get_weather": lambda city: f"15 in {city}"}
    direct = hold_conversation(model(script).base_url, "Warm?", tools, None)

    with proxied(recorder, model(script)) as proxy:
        through = hold_conversation(f"{proxy.url}/v1", "Warm?", tools, None)

    assert json.dumps(through, default=str) == json.dumps(direct, default=str)
    recorder.store.flush()
    (trace,) = recorder.store.trace_ids()
    steps = recorder.store.transcript(trace).steps
    kinds = ["model" if isinstance(step, ModelCall) else "tool" for step in steps]
    assert kinds == ["model", "tool", "model"]
    call = next(step for step in steps if isinstance(step, ToolCall))
    assert (call.tool, call.response) == ("get_weather", '"15 in Paris"')


def test_a_stream_comes_byte_for_byte_and_as_it_comes(
    recorder: Recorder, model: ModelStart
) -> None:
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    direct = posted(f"{model(['Hello to you.']).base_url}/chat/completions", body)

    may_go_on = threading.Event()
    held = model(["Hello to you."], before_chunk=lambda index: index < 2 or may_go_on.wait(60))
    with proxied(recorder, held) as proxy:
        parts = urlsplit(proxy.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        answer = connection.getresponse()
        first = answer.read1(65_536)
        assert first.startswith(b"data: ")
        assert not may_go_on.is_set(), "the first event is here before the last was made"
        may_go_on.set()
        whole = first + answer.read()
        connection.close()
    without_ids = [json_events(one) for one in (direct[1], whole)]
    assert without_ids[0] == without_ids[1]


def json_events(raw: bytes) -> list[Any]:
    events = [line[6:] for line in raw.decode().splitlines() if line.startswith("data: {")]
    return [{**json.loads(one), "id": "", "created": 0} for one in events]


def test_failures_pass_and_nothing_secret_is_kept(recorder: Recorder, model: ModelStart) -> None:
    from replay.demo.model_server import Turn

    server = model([Turn("Hello.", failures=[429])])
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    with proxied(recorder, server) as proxy:
        secret = {"authorization": "Bearer sk-very-secret-indeed-1234567890"}
        assert posted(f"{proxy.url}/v1/chat/completions", body, **secret)[0] == 429
        assert posted(f"{proxy.url}/v1/chat/completions", body, **secret)[0] == 200
    recorder.store.flush()
    (trace,) = recorder.store.trace_ids()
    assert len(recorder.store.transcript(trace).attempts) == 1
    assert b"very-secret" not in recorder.store.path.read_bytes()


def test_a_header_names_the_trace_and_goes_no_further(
    recorder: Recorder, model: ModelStart
) -> None:
    server = model(["Hello."])
    with proxied(recorder, server) as proxy:
        for word in ("one", "two"):
            body = {"model": "m", "messages": [{"role": "user", "content": word}]}
            url = f"{proxy.url}/v1/chat/completions"
            assert posted(url, body, **{"x-replay-trace": "run-7"})[0] == 200
    recorder.store.flush()
    assert recorder.store.trace_ids() == ["run-7"]
    assert len(recorder.store.transcript("run-7").steps) == 2


def test_a_provider_that_is_not_there_is_told_as_an_error(tmp_path: Path) -> None:
    with (
        Recorder(tmp_path / "traces.db") as recorder,
        RecordingProxy(recorder, {"any": "http://127.0.0.1:9"}, host="127.0.0.1", port=0) as proxy,
    ):
        status, body = posted(f"{proxy.url}/v1/chat/completions", {"messages": []})
    assert status == 502
    assert b"cannot be reached" in body


def test_the_path_tells_the_provider(tmp_path: Path) -> None:
    with Recorder(tmp_path / "traces.db") as recorder:
        proxy = RecordingProxy(recorder, UPSTREAMS, host="127.0.0.1", port=0)
        with proxy:
            assert proxy.upstream_of("/v1/messages?beta=true") == UPSTREAMS["anthropic"]
            assert proxy.upstream_of("/v1beta/models/g:generateContent") == UPSTREAMS["google"]
            assert proxy.upstream_of("/v1/responses") == UPSTREAMS["openai"]


def test_a_command_runs_behind_the_proxy_and_ends_with_its_code(
    tmp_path: Path, model: ModelStart
) -> None:
    agent = (
        "import json, os, sys, urllib.request as r\n"
        "body = json.dumps({'model': 'm', 'messages': [{'role': 'user', 'content': 'Hi'}]})\n"
        "url = os.environ['OPENAI_BASE_URL'] + '/chat/completions'\n"
        "print(json.load(r.urlopen(r.Request(url, body.encode())))['model'])\n"
        "sys.exit(7)\n"
    )
    upstream = model(["Hello."]).base_url.removesuffix("/v1")
    database = tmp_path / "traces.db"
    command = [sys.executable, "-m", "replay.cli.main", "proxy", "--db", str(database)]
    command += ["--to", upstream, "--listen", "127.0.0.1:0", "--", sys.executable, "-c", agent]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout.strip() == "m-2026-11-01"
    assert "1 request passed" in ended.stderr
    with Store.open(database) as store:
        assert len(store.trace_ids()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "api.example.com"], "is no address"),
        (["--to", "nobody=https://x"], "not one of openai"),
        (["--listen", "somewhere"], "no place to listen"),
        (["--listen", "127.0.0.1:0", "--", "no-such-program-here"], "cannot be started"),
    ],
)
def test_mistakes_are_told(words: list[str], said: str, tmp_path: Path, capsys: Any) -> None:
    assert exit_code_of(["proxy", "--db", str(tmp_path / "t.db"), *words]) == 3
    assert said in capsys.readouterr().err
