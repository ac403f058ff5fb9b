"""`replay debug --listen` with a client of the Debug Adapter Protocol in the editor's place."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ReplayError
from replay.replayer.debugging.adapter import adapter_at
from tests.replayer.dap_client import Editor

pytest.importorskip("debugpy")
pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
ROOT = HERE.parent.parent


class Waiting:
    """`replay debug --listen` in a process of its own, and who attaches to it."""

    def __init__(self, database: Path, *words: str) -> None:
        command = [sys.executable, "-m", "replay.cli.main", "debug", str(database), *words]
        tools = ["--tools", "stopped_tools:toolbox", "--path", str(HERE)]
        self.process = subprocess.Popen(
            [*command, *tools, "--listen", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # what is read beyond the first line would be lost to communicate()
            cwd=ROOT,
            env={**os.environ, "COLUMNS": "80"},
        )
        assert self.process.stderr is not None
        self.said = ""
        while not (found := re.search(r"127\.0\.0\.1:(\d+)", self.said)):
            line = self.process.stderr.readline().decode()
            assert line, self.said
            self.said += line
        self.port = int(found[1])
        self.editor: Editor | None = None

    def attach(self) -> Editor:
        self.editor = Editor(self.port)
        self.editor.attach()
        return self.editor

    def ends(self) -> tuple[int, str]:
        out, said = self.process.communicate(timeout=120)
        self.said += said.decode()
        return self.process.returncode, out.decode()

    def close(self) -> None:
        if self.editor is not None:
            self.editor.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate(timeout=120)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def listen(record: Callable[..., None], store: Any) -> Iterator[Callable[..., Waiting]]:
    """Record a trace and have `replay debug --listen` wait for an editor on it."""
    record(
        "t",
        [("note", {"text": "a"}, '["a"]')],
        [("note", {"text": "b"}, '["a","b"]'), ("wait", {"seconds": 3.0}, "1.5")],
    )
    store.flush()
    opened: list[Waiting] = []

    def start(*words: str) -> Waiting:
        opened.append(Waiting(store.path, *words))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_an_editor_stops_at_the_tools_first_line_in_the_frozen_world(
    listen: Callable[..., Waiting],
) -> None:
    waiting = listen("t", "--step", "4")
    editor = waiting.attach()
    thread, frame = editor.stopped()

    assert frame["name"] == "note"
    assert Path(frame["source"]["path"]).name == "stopped_tools.py"
    line = (HERE / "stopped_tools.py").read_text().splitlines()[frame["line"] - 1]
    assert line.strip() == 'world["steps"].append(text)'
    assert editor.variables(frame) == {"text": "'b'", "world": "{'steps': ['a']}"}

    def evaluate(expression: str) -> str:
        found = editor.ask("evaluate", expression=expression, frameId=frame["id"], context="repl")
        return str(found["result"])

    clock = "int(__import__('time').time())"
    before = evaluate(clock)
    time.sleep(1.1)  # a person who thinks: it costs no time of the world's
    assert evaluate(clock) == before
    outward = f"__import__('socket').create_connection(('127.0.0.1', {waiting.port}))"
    assert "EgressBlocked" in editor.reply("evaluate", expression=outward, frameId=frame["id"])
    editor.ask("setExpression", expression="text", value="'c'", frameId=frame["id"])
    editor.ask("continue", threadId=thread)
    editor.event("terminated")
    code, said = waiting.ends()

    assert code == 0
    assert '- [1]: "b"\n  + [1]: "c"' in said
    assert "Not frozen" not in said
    assert '"request": "attach"' in waiting.said


def test_an_async_tool_is_stopped_in_and_its_deadline_waits_for_the_person(
    listen: Callable[..., Waiting],
) -> None:
    waiting = listen("t", "--step", "5")
    editor = waiting.attach()
    thread, frame = editor.stopped()
    assert (frame["name"], editor.variables(frame)["seconds"]) == ("wait", "3.0")
    editor.ask("next", threadId=thread)
    thread, frame = editor.stopped()
    editor.ask("continue", threadId=thread)
    code, said = waiting.ends()

    assert (code, "= wait: same" in said or "wait: same" in said) == (0, True)


def test_ctrl_c_ends_the_waiting_and_nothing_is_left_running(
    listen: Callable[..., Waiting],
) -> None:
    waiting = listen("t", "--step", "4")
    waiting.process.send_signal(signal.SIGINT)
    code, _ = waiting.ends()

    assert code == 130
    assert "Traceback" not in waiting.said
    with socket.socket() as asking:
        assert asking.connect_ex(("127.0.0.1", waiting.port)) != 0


def test_a_port_that_is_taken_and_a_word_that_is_none_are_told(
    store: Any, record: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    record("t", [("note", {"text": "a"}, '["a"]')])
    store.flush()
    words = ["debug", str(store.path), "t", "--step", "2"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code = exit_code_of([*words, "--tools", "stopped_tools:toolbox", "--listen", port])
        assert code == 3
        assert "Give another port: --listen 0 takes any that is free." in capsys.readouterr().err
    assert exit_code_of([*words, "--listen", "here"]) == 3
    assert "--listen 'here' is no place to listen at." in capsys.readouterr().err
    assert exit_code_of([*words, "--listen", "0", "--post-mortem"]) == 3
    assert "--post-mortem is pdb's" in capsys.readouterr().err


def test_without_debugpy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replay.replayer.debugging.adapter.find_spec", lambda name: None)
    with pytest.raises(ReplayError, match=r"pip install 'replay-sandbox\[debugpy\]'"):
        adapter_at("127.0.0.1", 0).__enter__()
