"""`replay.install()`: one line, and every agent of the process is recorded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from replay.demo.model_server import ModelServer
from replay.records import ModelCall, ToolCall
from replay.store import Store
from tests.recorder.test_record_command import AGENT, SCRIPT


def run(folder: Path, program: str, *command: str, **environment: str) -> Any:
    (folder / "agent.py").write_text(program)
    return subprocess.run(
        [*command, sys.executable, "agent.py"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def transcripts(database: Path) -> list[Any]:
    with Store.open(database, "r") as store:
        return [store.transcript(trace_id) for trace_id in store.trace_ids()]


def test_one_line_records_all_agents_and_the_environment_says_where(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(SCRIPT)
    program = f"import replay\nreplay.install()\n{AGENT}\nprint(hold({server.base_url!r}, 'Hi'))\n"

    ran = run(
        tmp_path,
        program,
        REPLAY_DATABASE="elsewhere.db",
        REPLAY_APP="support",
        REPLAY_LABELS="team=a, build=17",
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "18 °C in Paris.\n", "")
    (found,) = transcripts(tmp_path / "elsewhere.db")
    assert (found.trace.app, found.trace.labels) == ("support", {"team": "a", "build": "17"})
    assert found.trace.ended_at is not None
    assert [step.kind for step in found.steps] == ["model_call", "tool_call", "model_call"]


@pytest.mark.slow
def test_under_replay_record_both_are_one_recorder(
    tmp_path: Path, model: Callable[..., ModelServer]
) -> None:
    server = model(SCRIPT)
    program = (
        f"import httpx, replay\nreplay.install('mine.db')\n{AGENT}\n"
        f"print(hold({server.base_url!r}, 'Hi'))\nreplay.install()\n"
    )

    ran = run(
        tmp_path, program, sys.executable, "-m", "replay.cli.main", "record", "--db", "t.db", "--"
    )

    assert ran.stderr.startswith("Recorded 1 trace, 2 model calls, 1 tool call in t.db.")
    assert not (tmp_path / "mine.db").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "environment", "said"),
    [
        (
            "replay.install('a.db'); replay.install('b.db')",
            {},
            "is recorded into",
        ),
        ("replay.install()", {"REPLAY_LABELS": "team"}, "'team' in it is no label"),
    ],
)
def test_mistakes_of_set_up_are_told(
    tmp_path: Path, line: str, environment: dict[str, str], said: str
) -> None:
    ran = run(tmp_path, f"import replay\n{line}\n", **environment)

    assert ran.returncode == 1
    assert said in ran.stderr


@pytest.mark.slow
def test_recording_can_be_switched_off_from_outside(tmp_path: Path) -> None:
    ran = run(tmp_path, "import replay\nprint(replay.install())\n", REPLAY_RECORDING="off")

    assert ran.stdout == "None\n"
    assert os.listdir(tmp_path) == ["agent.py"]


MESSAGES = {
    "id": "msg_1",
    "model": "claude",
    "role": "assistant",
    "content": [{"type": "tool_use", "id": "t1", "name": "get_weather", "input": {"city": "Oslo"}}],
    "stop_reason": "tool_use",
    "usage": {"input_tokens": 9, "output_tokens": 3},
}


def test_a_client_on_urllib3_is_recorded_streamed_or_not(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import json, threading, http.server
        import replay
        recorder = replay.install("t.db", outside=False)
        import requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args): pass
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                body = json.dumps({MESSAGES!r}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.send_header("request-id", "r1")
                self.end_headers()
                self.wfile.write(body)

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{{server.server_port}}/v1/messages"
        asked = {{"model": "claude", "max_tokens": 9, "system": "Be kind.", "messages": [
            {{"role": "user", "content": "Hi"}}]}}
        print(requests.post(url, json=asked).json()["id"])
        with requests.post(url, json=asked, stream=True) as answer:
            print(b"".join(answer.iter_content(7)) == json.dumps({MESSAGES!r}).encode())
        print(recorder.failures)
        """
    )

    ran = run(tmp_path, program)

    assert (ran.stdout, ran.stderr) == ("msg_1\nTrue\n0\n", "")
    for found in transcripts(tmp_path / "t.db"):
        call, tool = found.steps
        assert isinstance(call, ModelCall)
        assert isinstance(tool, ToolCall)
        assert (call.api, call.response_id, call.request_id) == ("messages", "msg_1", "r1")
        assert call.messages[0] == {"role": "system", "content": "Be kind."}
        assert (tool.tool, json.loads(tool.arguments)) == ("get_weather", {"city": "Oslo"})
