"""`replay debug` with a person at a real terminal, who types and reads."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.replayer.debugging.stopping import code_of, first_line

HERE = Path(__file__).parent
_WAIT_S = 90.0


class Terminal:
    """A terminal with `replay debug` in it."""

    def __init__(self, *arguments: str, database: Path) -> None:
        self._own, far = pty.openpty()
        command = [sys.executable, "-m", "replay.cli.main", "debug", str(database), *arguments]
        self.process = subprocess.Popen(
            [*command, "--tools", "stopped_tools:toolbox", "--path", str(HERE)],
            stdin=far,
            stdout=far,
            stderr=far,
            env={**os.environ, "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "80"},
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(far)
        self.seen = ""

    def reads(self, wanted: str) -> str:
        """Wait until ``wanted`` is there; return everything up to it."""
        until = time.monotonic() + _WAIT_S
        while wanted not in self.seen:
            left = until - time.monotonic()
            assert left > 0, f"{wanted!r} was not written:\n{self.seen}"
            if select.select([self._own], [], [], left)[0]:
                try:
                    self.seen += os.read(self._own, 65_536).decode().replace("\r\n", "\n")
                except OSError:  # the terminal is gone with the last who had it open
                    assert wanted in self.seen, f"{wanted!r} was not written:\n{self.seen}"
        found, _, self.seen = self.seen.partition(wanted)
        return found

    def types(self, line: str) -> None:
        os.write(self._own, line.encode() + b"\n")

    def presses_ctrl_c(self) -> None:
        os.write(self._own, b"\x03")

    def ends(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and what was written last."""
        rest = ""
        while True:
            try:
                rest += os.read(self._own, 65_536).decode().replace("\r\n", "\n")
            except OSError:
                break
        return self.process.wait(_WAIT_S), self.seen + rest

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._own)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def sit_down(record: Callable[..., None], store: Any) -> Iterator[Callable[..., Terminal]]:
    """Record a trace and start `replay debug` on it in a terminal."""
    record(
        "t",
        [("note", {"text": "a"}, '["a"]')],
        [("note", {"text": "b"}, '["a","b"]'), ("wait", {"seconds": 3.0}, "1.5")],
        [("spin", {}, "1")],
    )
    record("other", [("note", {"words": "a"}, '["a"]')])
    record("before", [("remind", {"text": "tea", "times": 3}, '{"words":"tea","times":3}')])
    store.flush()
    opened: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        opened.append(Terminal(*arguments, database=store.path))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_the_call_stops_at_the_tools_first_line_in_the_world_of_the_calls_before(
    sit_down: Callable[..., Terminal],
) -> None:
    person = sit_down("t", "--step", "4")
    shown = person.reads("(Pdb) ")
    assert 'world["steps"].append(text)' in shown
    assert "breakpoint" not in shown
    person.types("p text, world")
    assert "('b', {'steps': ['a']})" in person.reads("(Pdb) ")
    person.types("where")
    assert person.reads("(Pdb) ").count("-> ") == 1
    person.types("text = 'c'")
    person.reads("(Pdb) ")
    person.types("c")
    code, said = person.ends()
    assert code == 0
    assert "~ note: " in said
    assert '"c"' in said


@pytest.mark.slow
def test_an_async_tool_is_stepped_through_and_its_deadline_does_not_pass(
    sit_down: Callable[..., Terminal],
) -> None:
    person = sit_down("t", "--step", "5")
    assert "await asyncio.sleep(0)" in person.reads("(Pdb) ")
    time.sleep(0.2)
    person.types("n")
    assert "return seconds" in person.reads("(Pdb) ")
    person.types("q")
    code, said = person.ends()
    assert code == 0
    assert "wait: same" in said


@pytest.mark.slow
def test_where_the_tool_raises_one_may_look_back(sit_down: Callable[..., Terminal]) -> None:
    person = sit_down("t", "--step", "5", "--post-mortem")
    code, said = person.ends()
    assert code == 0
    assert "(Pdb)" not in said

    person = sit_down("t", "--step", "5")
    person.reads("(Pdb) ")
    person.types("world['steps'].clear()")
    person.reads("(Pdb) ")
    person.types("c")
    assert "ZeroDivisionError" in person.reads("(Pdb) ")
    person.types("p seconds")
    assert "3.0" in person.reads("(Pdb) ")
    person.types("q")
    code, said = person.ends()
    assert code == 0
    assert "ZeroDivisionError" in said


@pytest.mark.slow
def test_ctrl_c_stops_a_tool_that_runs_where_it_is(sit_down: Callable[..., Terminal]) -> None:
    person = sit_down("t", "--step", "7")
    person.reads("(Pdb) ")
    person.types("c")
    person.reads("It turns\n")  # what is pressed before belongs to the prompt
    person.presses_ctrl_c()
    assert "interrupted" in person.reads("(Pdb) ")
    person.types("turns = -5")
    person.reads("(Pdb) ")
    person.types("c")
    code, _ = person.ends()
    assert code == 0


@pytest.mark.slow
def test_a_call_from_before_its_tool_had_versions_is_translated_as_a_replay_run_does(
    sit_down: Callable[..., Terminal],
) -> None:
    person = sit_down("before", "--step", "2")
    person.reads("(Pdb) ")
    person.types("p words, times")
    assert "('tea', 2)" in person.reads("(Pdb) ")
    person.types("q")
    _, said = person.ends()
    assert "version: arguments translated, (none) → 2" in said
    assert "Taken for a call from before it had versions" in said


@pytest.mark.slow
def test_a_call_that_never_reaches_the_tool_is_said_not_to_have_stopped(
    sit_down: Callable[..., Terminal],
) -> None:
    code, said = sit_down("other", "--step", "2").ends()

    assert code == 0
    assert "It did not stop: the call was rejected before the tool ran." in said


@pytest.mark.slow
def test_mistakes_are_told_before_anything_runs(
    sit_down: Callable[..., Terminal], store: Any
) -> None:
    code, said = sit_down("t", "--step", "1").ends()
    assert (code, "is a model call" in said) == (3, True)
    code, said = sit_down("t").ends()
    assert (code, "2 note, 4 note, 5 wait, 7 spin" in said) == (3, True)
    command = [sys.executable, "-m", "replay.cli.main", "debug", str(store.path), "t"]
    piped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert piped.returncode == 3
    assert "needs a terminal" in piped.stderr


def test_the_first_line_is_that_of_the_function_below_all_decorators() -> None:
    import functools

    def plain(a: int) -> int:
        """Say it."""
        return a

    @functools.wraps(plain)
    def wrapper(*args: Any) -> Any:
        return plain(*args)

    class Callable_:
        def __call__(self) -> int:
            return 1

    code = code_of(functools.partial(wrapper, 1))
    assert code is plain.__code__
    assert first_line(plain.__code__) == plain.__code__.co_firstlineno + 2
    assert code_of(Callable_()) is Callable_.__call__.__code__
    assert code_of(Callable_().__call__) is Callable_.__call__.__code__
    assert code_of(len) is None
    one_line = code_of(lambda: 1)
    assert one_line is not None
    assert first_line(one_line) == one_line.co_firstlineno
