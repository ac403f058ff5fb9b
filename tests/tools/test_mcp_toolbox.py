"""An MCP server as today's tools: started for each trace, its failures told in its words."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay import Toolbox
from replay.cli.main import exit_code_of
from replay.errors import ToolboxError
from replay.mcp_reference import allowed_for, command_of
from tests.interchange.chats import answers, asked_by_user, asks, call, chat, says
from tests.tools.mcp_server import over_http

SERVER = Path(__file__).with_name("mcp_server.py")
COMMAND = shlex.join([sys.executable, str(SERVER)])


@pytest.fixture(params=["json", "stream"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    server = over_http(streams=request.param == "stream")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/mcp"
    server.shutdown()
    server.server_close()


def ask(toolbox: Toolbox, *calls: tuple[str, Any]) -> list[str]:
    asked = [
        {"id": str(place), "type": "function", "function": {"name": name, "arguments": arguments}}
        for place, (name, arguments) in enumerate(calls)
    ]
    with toolbox.session() as session:
        said = session.dispatch_sync({"role": "assistant", "tool_calls": asked})
    return [message["content"] for message in said]


def test_the_tools_of_a_program_are_listed_page_by_page_and_run() -> None:
    toolbox = Toolbox.from_mcp(COMMAND)

    assert toolbox.name == "weather"
    assert toolbox.names() == ["get_weather", "count", "fetch", "die"]
    (weather, *_) = toolbox.schemas("mcp")
    assert weather["inputSchema"]["required"] == ["city"]
    assert ask(toolbox, ("get_weather", '{"city": "Rome"}')) == [
        '{"city": "Rome", "temperature": "15 C"}'
    ]


def test_a_failure_is_told_in_the_servers_words() -> None:
    toolbox = Toolbox.from_mcp(COMMAND)
    assert ask(toolbox, ("get_weather", '{"city": "Atlantis"}')) == ["Failed: no such city"]


def test_each_session_has_a_server_of_its_own() -> None:
    toolbox = Toolbox.from_mcp(COMMAND)
    assert sorted(ask(toolbox, ("count", "{}"), ("count", "{}"))) == ["1", "2"]
    assert ask(toolbox, ("count", "{}")) == ["1"]


def test_a_tool_is_found_by_the_name_that_clients_give_it() -> None:
    toolbox = Toolbox.from_mcp(COMMAND)
    assert ask(toolbox, ("mcp__the_weather__count", "{}")) == ["1"]
    assert toolbox.find("mcp__weather__nothing") is None
    assert Toolbox.from_mcp(COMMAND, prefix="w_").names()[0] == "w_get_weather"


def test_a_server_that_dies_fails_the_call_with_its_last_words() -> None:
    (said,) = ask(Toolbox.from_mcp(COMMAND), ("die", "{}"))
    assert "ended" in said
    assert "out of cheese" in said


def test_an_address_is_asked_over_http(address: str) -> None:
    toolbox = Toolbox.from_mcp(address)
    assert ask(toolbox, ("count", "{}"), ("get_weather", '{"city": "Rome"}'))[1].startswith("{")
    assert ask(toolbox, ("count", "{}")) == ["1"], "another session"


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("", "names no server"),
        ("'unclosed", "cannot be read"),
        ("no-such-program-here --x", "cannot be started"),
        (f"{sys.executable} -c 'print(1)'", "wrote what is no message: b'1'"),
        (f"{sys.executable} -c 'raise SystemExit(\"broken\")'", "broken"),
        ("http://127.0.0.1:9/mcp", "127.0.0.1:9/mcp"),
    ],
)
def test_what_is_no_server_is_told_in_words(server: str, words: str) -> None:
    with pytest.raises(ToolboxError) as caught:
        Toolbox.from_mcp(server)
    assert words in str(caught.value)


def test_workers_may_start_the_program_and_nothing_else() -> None:
    assert allowed_for("mcp:npx -y @scope/server") == ("run:npx",)
    assert allowed_for("package.module:toolbox") == ()
    assert allowed_for("mcp:https://tools.example/mcp")[1] == "tools.example:443"
    assert command_of("https://tools.example/mcp")[-1] == "https://tools.example/mcp"


TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("get_weather", "count", "fetch")
]


def recording(folder: Path, url: str) -> Path:
    """Two conversations with the server of yesterday, as an agent's log has them."""
    talk = chat(
        asked_by_user("Weather in Rome and Atlantis?"),
        asks(
            call("a", "get_weather", '{"city": "Rome"}'),
            call("b", "get_weather", '{"city": "Atlantis"}'),
        ),
        answers("a", '{"city": "Rome", "temperature": "15 C"}'),
        answers("b", "Failed: no such city", error=True),
        asks(call("c", "count", "{}"), call("d", "fetch", json.dumps({"url": url}))),
        answers("c", "3"),
        answers("d", "secret"),
        says("15 degrees."),
        tools=TOOLS,
    )
    lines = [json.dumps({**talk, "id": name}) for name in ("one", "two")]
    (folder / "chats.jsonl").write_text("\n".join(lines) + "\n")
    assert exit_code_of(["import", str(folder / "traces.db"), str(folder / "chats.jsonl")]) == 0
    return folder / "traces.db"


def replayed(database: Path, server: str, *options: str, capsys: Any) -> dict[str, Any]:
    capsys.readouterr()
    exit_code_of(["run", str(database), "--tools", f"mcp:{server}", "--json", *options])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_production_traffic_runs_against_the_server_of_today(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = recording(tmp_path, "http://127.0.0.1:9/")

    same = replayed(database, COMMAND, capsys=capsys)
    assert same["run"]["verdict_counts"] == {"same": 6, "unanswered": 2}

    changed = replayed(database, f"env SIGN=F {COMMAND}", capsys=capsys)
    assert changed["run"]["verdict_counts"]["response_changed"] == 2
    paths = [one["paths"] for one in changed["findings"] if one["tool"] == "get_weather"]
    assert paths == [["~temperature"]]


@pytest.mark.slow
def test_a_server_reaches_nothing_that_is_not_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secret")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    reached: list[str] = []
    outside = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=outside.serve_forever, daemon=True).start()
    port = outside.server_port
    database = recording(tmp_path, f"http://127.0.0.1:{port}/")
    try:
        told = replayed(database, COMMAND, capsys=capsys)
        assert told["run"]["verdict_counts"].get("same") == 6
        assert reached == []
        allow = ("--allow", f"127.0.0.1:{port}")
        told = replayed(database, COMMAND, *allow, capsys=capsys)
        assert told["run"]["verdict_counts"] == {"same": 8}
        assert reached == ["/", "/"]
    finally:
        outside.shutdown()
        outside.server_close()


def test_an_address_where_no_server_runs_is_not_called_a_command() -> None:
    with pytest.raises(ToolboxError, match="gives no tools") as raised:
        Toolbox.from_mcp("http://127.0.0.1:9/mcp")

    assert "Is the server running there" in str(raised.value)
