"""What is copied works where it is pasted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.errors import SelectionError
from replay.records import Interaction, ModelCall, ToolCall
from replay.report.copies import curl_of, curl_of_model_call, pytest_of, request_ids
from tests.tui.shop import make_shop

ROOT = Path(__file__).parent.parent.parent
PLUGIN = ["-p", "replay.pytest_plugin"]
"""Where replay is installed, pytest finds it by itself."""
NOON = "2026-11-20T12:00:00.000000Z"


@pytest.fixture
def server() -> Iterator[tuple[str, list[Any]]]:
    """A server of our own that keeps what it is asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            asked.append((self.path, dict(self.headers), self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    running = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", asked
    running.shutdown()
    running.server_close()


def interaction(uri: str, **request: Any) -> Interaction:
    asked = {"method": "POST", "uri": uri, "headers": {}, "body": None, **request}
    return Interaction(
        id="i", tool_call_id="c", interaction_index=0, exchange={"request": asked, "response": None}
    )


def test_the_curl_command_asks_what_the_tool_asked(server: tuple[str, list[Any]]) -> None:
    address, asked = server
    text = curl_of(
        interaction(
            f"{address}/orders?by=it%27s%20me",
            headers={"X-Note": ["it's $HOME"], "host": ["elsewhere"], "content-length": ["999"]},
            body={"json": {"note": 'it\'s `a` "b" $c', "n": 1.0}},
        )
    )
    ran = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr
    ((path, headers, body),) = asked
    assert path == "/orders?by=it%27s%20me"
    assert headers["X-Note"] == "it's $HOME"
    assert json.loads(body) == {"note": 'it\'s `a` "b" $c', "n": 1.0}


def test_placeholders_are_told_and_what_is_no_http_request_has_no_curl() -> None:
    masked = interaction("http://a.test/", headers={"authorization": ["Bearer R0123456789abR"]})
    assert curl_of(masked).startswith(
        "# 1 value is a placeholder: secrets were not recorded. Put yours in their place.\ncurl "
    )
    with pytest.raises(SelectionError, match="is no HTTP request"):
        curl_of(interaction("sqlite:orders.db"))
    with pytest.raises(SelectionError, match="only its head was kept"):
        curl_of(interaction("http://a.test/", body={"base64": "AA==", "cut": {"size": 9}}))


@pytest.mark.parametrize(
    ("api", "address", "field"),
    [
        ("chat.completions", "https://api.openai.com/v1/chat/completions", "messages"),
        ("responses", "https://api.openai.com/v1/responses", "input"),
        ("messages", "https://api.anthropic.com/v1/messages", "messages"),
    ],
)
def test_a_model_call_goes_to_its_provider_with_the_key_of_the_environment(
    api: str, address: str, field: str, server: tuple[str, list[Any]]
) -> None:
    here, asked = server
    call = ModelCall(
        id="m",
        trace_id="t",
        step_number=1,
        api=api,
        model="gpt-x",
        parameters={"temperature": 0},
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "it's"}],
        tools=[{"name": "f"}],
        started_at=NOON,
    )
    text = curl_of_model_call(call)
    key = "ANTHROPIC_API_KEY" if api == "messages" else "OPENAI_API_KEY"
    ran = subprocess.run(
        ["sh", "-c", text.replace(address, f"{here}/v1")], env={key: "k-1"}, check=False
    )

    assert ran.returncode == 0
    assert f"${key}" in text
    ((_, headers, body),) = asked
    assert "k-1" in (headers.get("authorization") or headers["x-api-key"])
    said = json.loads(body)
    assert said["model"] == "gpt-x"
    assert said["temperature"] == 0
    assert said[field][-1] == {"role": "user", "content": "it's"}
    assert ("system" in said) == (api == "messages")


def test_a_step_names_the_ids_by_which_logs_know_it() -> None:
    call = ToolCall(
        id="c", trace_id="t", step_number=2, tool="f", arguments="{}", started_at=NOON,
        provider_call_id="call_1", attributes={"request_id": "req-1"},
    )  # fmt: skip

    assert request_ids(call) == {
        "replay's request id": "req-1",
        "the provider's call id": "call_1",
    }


@pytest.mark.slow
def test_the_test_runs_as_it_is_pasted_against_the_users_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_shop(tmp_path)
    for step in ("4", "6"):
        assert exit_code_of(["show", "traces.db", "tea", "--step", step, "--as", "pytest"]) == 0
    (tmp_path / "test_pasted.py").write_text(capsys.readouterr().out)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PLUGIN, "test_pasted.py"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )

    assert "1 failed, 1 passed" in ran.stdout
    assert "FAILED test_pasted.py::test_receipt_step_6_tea" in ran.stdout
    assert "path='total'" in ran.stdout


def test_what_has_no_such_form_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_shop(tmp_path)
    for words, said in (
        (["--step", "1", "--as", "pytest"], "Step 1 is a model call: a test runs a tool."),
        (["--step", "4", "--as", "curl"], "Step 4 asked nothing of the outside."),
        (["--as", "curl"], "--as curl is of one step: name it with --step."),
    ):
        assert exit_code_of(["show", "traces.db", "tea", *words]) == 3
        assert said in capsys.readouterr().err
    assert pytest_of is not None
