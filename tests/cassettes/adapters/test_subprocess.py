"""subprocess: what programs said is replayed, and none starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cassettes import Cassette, CassetteMiss, freeze, side_effects
from tests.cassettes.adapters.runs import asked, recorded, replayed


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that a program leaves when it runs."""
    return tmp_path / "mark"


def _failed(act):
    try:
        return act()
    except (OSError, subprocess.SubprocessError) as error:
        shown = {name: value for name, value in vars(error).items() if name != "__notes__"}
        return type(error), str(error), getattr(error, "filename", None), shown


def _tool(mark: Path):
    run, pipe = subprocess.run, subprocess.PIPE
    seen = [
        run(["cat"], input="h\u00e9", capture_output=True, text=True),
        run(["cat"], input=b"\xff", stdout=pipe),
        subprocess.check_output(f"echo $((1+2)); touch {mark}", shell=True),
        subprocess.getstatusoutput("echo out; exit 3"),
        subprocess.call(["true"]),
        _failed(lambda: run(["sh", "-c", "echo bad >&2; exit 3"], check=True, stderr=pipe)),
        _failed(lambda: run(["no-such-program"])),
        _failed(lambda: run(["sh", "-c", "echo a; exec sleep 9"], timeout=0.05, stdout=pipe)),
    ]
    with subprocess.Popen(["cat"], stdin=pipe, stdout=pipe) as process:
        seen += [process.communicate(b"x"), process.returncode, process.args]
    process = subprocess.Popen(["sleep", "9"])
    seen += [process.poll(), _failed(lambda: process.wait(timeout=0.01))]
    process.kill()
    return [*seen, process.wait(), process.poll()]


def test_what_programs_said_and_how_they_ended_is_replayed_without_any(mark: Path):
    given, kept = recorded(lambda: _tool(mark))
    mark.unlink()
    again, cassette = replayed(lambda: _tool(mark), kept)

    assert repr(again) == repr(given)
    assert side_effects(cassette).changes == []
    assert not mark.exists()
    assert asked(kept)[:3] == ["subprocess/cat", "subprocess/cat", "subprocess/sh"]


def test_another_command_line_is_not_started_and_says_what_changed(mark: Path):
    _, kept = recorded(lambda: subprocess.run(["touch", f"{mark}.1"]))
    cassette = Cassette("replay", "replay", kept)
    with freeze(cassette), pytest.raises(CassetteMiss, match=r"It differs in body\.args\[1\]"):
        subprocess.run(["touch", f"{mark}.2"])

    assert not Path(f"{mark}.2").exists()
    (only,) = side_effects(cassette).changes
    assert (only.field, only.replayed) == ("body.args[1]", f"{mark}.2")


def test_another_input_is_another_question():
    _, kept = recorded(lambda: subprocess.run(["cat"], input="one", text=True, stdout=-1))

    with pytest.raises(CassetteMiss, match=r"body\.input: recorded 'one', asked 'two'"):
        replayed(lambda: subprocess.run(["cat"], input="two", text=True, stdout=-1), kept)


def test_text_and_bytes_may_change_places():
    _, kept = recorded(lambda: subprocess.check_output(["echo", "h\u00e9"]))

    again, _ = replayed(lambda: subprocess.check_output(["echo", "h\u00e9"], text=True), kept)
    assert again == "h\u00e9\n"


@pytest.mark.parametrize("where", ["a file", "a pipe read by hand", "a pipe written by hand"])
def test_output_that_goes_past_the_adapter_is_refused_by_name(tmp_path: Path, where: str):
    def tool():
        if where == "a file":
            with (tmp_path / "out").open("w") as file:
                return subprocess.call(["echo", "x"], stdout=file)
        pipe = subprocess.PIPE
        with subprocess.Popen(["cat"], stdin=pipe, stdout=pipe) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            if where == "a pipe read by hand":
                process.stdin.close()
                return process.stdout.read()
            process.stdin.write(b"x")
            process.stdin.close()
            return process.wait()

    _, kept = recorded(tool)
    with pytest.raises(CassetteMiss, match="The adapter of subprocess does not record this"):
        replayed(tool, kept)


def test_a_program_that_is_read_while_it_runs_runs_as_ever_when_recorded():
    def tool():
        script = "print(input(), flush=True)"
        command = [sys.executable, "-c", script]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("hello\n")
            process.stdin.flush()
            return process.stdout.readline()

    given, kept = recorded(tool)

    assert given == "hello\n"
    assert len(kept) == 1


def test_what_an_import_starts_is_no_question_of_the_tool(tmp_path: Path, monkeypatch):
    (tmp_path / "looks_for_a_library.py").write_text(
        "import subprocess\nfound = subprocess.check_output(['echo', 'here'])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def tool():
        return __import__("looks_for_a_library").found

    given, kept = recorded(tool)

    assert (given, kept) == (b"here\n", [])
