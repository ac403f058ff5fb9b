"""A small database, every command on it, and disks that are full or read-only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.records import ModelCall, Outcome, ReplayRun, ToolCall, Trace
from replay.store import Store

AT = "2026-11-21T09:00:00.000000Z"
CHAT = (
    '{"messages": [{"role": "user", "content": "Hi %s"}, {"role": "assistant", "content": null, '
    '"tool_calls": [{"id": "c1", "type": "function", "function": {"name": "price", '
    '"arguments": "{\\"item\\": \\"tea\\"}"}}]}, '
    '{"role": "tool", "tool_call_id": "c1", "content": "3"}]}'
)

READING = {
    "list": ["list", "{db}"],
    "show": ["show", "{db}", "t1"],
    "runs": ["runs", "{db}"],
    "diff": ["diff", "{db}"],
    "export": ["export", "{db}"],
    "schema list": ["schema", "list", "{db}"],
    "db check": ["db", "check", "{db}"],
    "db query": ["db", "query", "{db}", "SELECT count(*) FROM traces"],
}
WRITING = {
    "run": ["run", "{db}", "--tools", "shop:toolbox", "--jobs", "1"],
    "approve": ["approve", "{db}", "all"],
    "import": ["import", "{db}", "chats.jsonl"],
    "db compact": ["db", "compact", "{db}"],
    "record": ["record", "--db", "{db}", "--", sys.executable, "-c", "print(1)"],
}
EVERY = READING | WRITING


@dataclass(frozen=True)
class Ran:
    """How one command ended, and what it said."""

    code: int
    out: str
    err: str


Replay = Callable[..., Ran]


@pytest.fixture
def replay(capfd: pytest.CaptureFixture[str]) -> Replay:
    """Run one command line in this process; no user's mistake may show a traceback."""

    def run(*words: str | Path) -> Ran:
        capfd.readouterr()
        code = exit_code_of([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in err, err
        return Ran(code, out, err)

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a database, a toolbox and a file to import."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    fill(tmp_path)
    return tmp_path


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory on a disk of one megabyte, filled as `folder`."""
    if os.geteuid() != 0:
        pytest.skip("Only root can mount a small disk.")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("This machine does not let a test mount a small disk.")
    try:
        fill(place)
        monkeypatch.chdir(place)
        yield place
    finally:
        monkeypatch.chdir(tmp_path)
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(folder: Path) -> None:
    """Put ``traces.db``, ``shop.py`` and ``chats.jsonl`` into ``folder``."""
    (folder / "shop.py").write_text(
        "from replay import Toolbox\n\ntoolbox = Toolbox('shop')\n\n\n"
        "@toolbox.tool\ndef price(item: str) -> int:\n    return len(item)\n"
    )
    (folder / "chats.jsonl").write_text(CHAT % "there" + "\n")
    with Store.open(folder / "traces.db", "create") as store:
        for number in (1, 2, 3):
            store.append_all(conversation(f"t{number}"))
        store.append_all(replay_run())


def conversation(trace_id: str, said: str = "Hi") -> list[Trace | ModelCall | ToolCall]:
    """The records of one question and one call."""
    return [
        Trace(id=trace_id, app="shop", started_at=AT, ended_at=AT),
        ModelCall(
            id=f"{trace_id}-m",
            trace_id=trace_id,
            step_number=1,
            api="chat.completions",
            model="demo-1",
            messages=[{"role": "user", "content": said}],
            output={"role": "assistant", "content": None},
            started_at=AT,
        ),
        ToolCall(
            id=f"{trace_id}-c",
            trace_id=trace_id,
            step_number=2,
            model_call_id=f"{trace_id}-m",
            tool="price",
            arguments='{"item": "tea"}',
            payload={"item": "tea"},
            result=3,
            response="3",
            outcome=Outcome.OK,
            state_hash="b2-16:" + "0" * 32,
            started_at=AT,
        ),
    ]


def replay_run() -> list[ReplayRun]:
    """A replay run of yesterday, without findings."""
    return [ReplayRun(id="run_old", started_at=AT, toolbox="shop:toolbox", status="finished")]


def words_for(command: list[str], database: str | Path) -> list[str]:
    """The command line on ``database``."""
    return [word.replace("{db}", str(database)) for word in command]
