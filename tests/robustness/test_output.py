"""What is printed: whole in every locale and width, and a reader that fails is no bug of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from replay.errors import ExitCode
from replay.store import Store
from tests.robustness.conftest import Ran, Replay, conversation

ODD = "half \ud83d, é, 😀, NUL \x00, \x1b[31mred"


def outside(*words: str, stdout: int = subprocess.PIPE, **environment: str) -> Ran:
    """Run one command line in a process of its own, as a shell does."""
    program = "from replay.cli.main import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", program, *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], **environment},
        check=False,
    )
    return Ran(
        ran.returncode, (ran.stdout or b"").decode("utf-8", "surrogatepass"), ran.stderr.decode()
    )


@pytest.fixture
def odd(folder: Path) -> Path:
    """A database with a text that no terminal likes."""
    with Store.open(folder / "odd.db", "create") as store:
        store.append_all(conversation("t1", ODD))
    return folder


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("locale", [ASCII, {"PYTHONUTF8": "1"}], ids=["ascii", "utf-8"])
def test_json_is_json_in_every_locale(odd: Path, locale: dict[str, str]) -> None:
    ran = outside("show", "odd.db", "t1", "--json", **locale)

    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert json.loads(ran.out)["steps"][0]["messages"][0]["content"] == ODD


@pytest.mark.slow
@pytest.mark.parametrize("locale", [ASCII, {"PYTHONUTF8": "1"}], ids=["ascii", "utf-8"])
def test_an_export_to_a_pipe_is_the_same_in_every_locale_and_comes_back(
    odd: Path, replay: Replay, locale: dict[str, str]
) -> None:
    ran = outside("export", "odd.db", **locale)

    assert ran.code == ExitCode.OK
    (odd / "again.jsonl").write_bytes(ran.out.encode("utf-8", "surrogatepass"))
    imported = replay("import", "again.db", "again.jsonl")
    assert imported.code == ExitCode.OK, imported.err
    with Store.open("again.db") as store:
        assert store.transcript("t1").steps[0].model_dump()["messages"][0]["content"] == ODD


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_lines_fit_the_terminal_and_control_characters_stay_out_of_it(
    odd: Path, replay: Replay, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    for words in (["list", "odd.db"], ["show", "odd.db", "t1"], ["runs", "traces.db"]):
        ran = replay(*words)

        assert ran.code == ExitCode.OK
        assert max(map(len, ran.out.splitlines())) <= width
        assert "\x1b" not in ran.out
        assert "\x00" not in ran.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="This system has no /dev/full.")
@pytest.mark.parametrize("words", [["list"], ["export"], ["list", "--json"], ["db", "check"]])
def test_a_disk_that_takes_no_output_is_said_and_is_no_bug(folder: Path, words: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        ran = outside(*words, "traces.db", stdout=full.fileno())

    assert ran.code == ExitCode.COULD_NOT_RUN
    assert "Error: The output could not be written: No space left on device." in ran.err
    assert "Traceback" not in ran.err
    assert "Exception ignored" not in ran.err


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_mistake(folder: Path) -> None:
    with Store.open("traces.db", "w") as store:
        for number in range(300):
            store.append_all(conversation(f"long-{number}", "x" * 2_000))
    reading, writing = os.pipe()
    os.close(reading)

    ran = outside("export", "traces.db", stdout=writing)
    os.close(writing)

    assert ran.code == ExitCode.OK
    assert "Traceback" not in ran.err
    assert "Error" not in ran.err


def test_paths_with_spaces_can_be_copied_from_what_is_said_next(
    folder: Path, replay: Replay
) -> None:
    ran = replay("import", "my traces.db", "chats.jsonl")

    assert ran.err == "Next: replay list 'my traces.db'\n"
