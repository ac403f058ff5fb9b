"""The demo as a user meets it: one command in an empty directory, then the commands it names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of

ROOT = Path(__file__).parent.parent.parent
RUN_ID = re.compile(r"run_\d{8}T\d{6}_[0-9a-f]{6}")


def replay(
    arguments: Sequence[str], cwd: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command `replay` in ``cwd``, 80 columns wide and without colour."""
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", **variables}
    return subprocess.run(
        [sys.executable, "-P", "-m", "replay.cli.main", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A directory in which `replay demo` ran once, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    ran = replay(["demo"], folder)
    assert ran.returncode == 0, ran.stderr
    return folder, ran.stdout


def without_ids(text: str) -> str:
    """Return ``text`` with one and the same id for every replay run, and one address.

    The demo's API takes another port where its own is taken, by another demo at this moment, say.
    """
    text = RUN_ID.sub("run_20261121T090000_c0ffee", text)
    return re.sub(r"127\.0\.0\.1:\d+\S*", "127.0.0.1:8787/", text)


def test_the_demo_finds_each_change_that_version_2_made(stage: tuple[Path, str]) -> None:
    _, printed = stage
    titles = re.findall(r"^[✗~?✓] (.*)$", printed, re.MULTILINE)

    assert sorted(titles) == [
        "create_event: now refused: 2026-12-01 14:00 is taken by 'Writing'",
        "create_event: now succeeds; failed when recorded",
        "get_weather: `temperature` is now `degrees`",
        "list_availability: fewer in `free`",
        "search_flights: now rejected: missing `passengers`",
    ]


def test_nothing_of_the_demo_is_left_to_chance(stage: tuple[Path, str]) -> None:
    _, printed = stage
    assert "Not frozen" not in printed


def test_what_only_earlier_calls_caused_is_told_apart(stage: tuple[Path, str]) -> None:
    _, printed = stage

    assert printed.count("cause: today's code answers differently") == 3
    assert printed.count("cause: today's schema reads the arguments differently") == 1
    assert printed.count("cause: only what earlier calls left behind differs") == 1


def test_the_demo_says_the_exit_codes_that_a_pipeline_would_see(stage: tuple[Path, str]) -> None:
    _, printed = stage

    assert " ".join(printed.split()).endswith(
        "As `replay run` in CI these two would end with exit code 1 (travel) and 2 (calendar); "
        "the demo itself ends with 0."
    )


def test_the_demo_prints_nothing_wider_than_the_terminal(stage: tuple[Path, str]) -> None:
    _, printed = stage

    assert max(len(line) for line in printed.splitlines()) <= 80


def test_every_command_that_the_demo_names_works(
    stage: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, printed = stage
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^  replay (\S+ \S+(?: [\w-]+)*)(?:  .*)?$", printed, re.MULTILINE)
    assert len(commands) >= 10
    assert f"ui {Path('replay-demo', 'traces.db')}" in commands

    # The UI needs a terminal: tests/tui opens what a demo recorded in one.
    codes = {
        command: exit_code_of(command.split())
        for command in commands
        if not command.startswith("ui ")
    }

    assert set(codes.values()) == {0}, codes


def test_the_readme_shows_what_the_demo_prints(stage: tuple[Path, str]) -> None:
    _, printed = stage
    readme = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"<!-- output: demo -->\n```text\n(.*?)```\n", readme, re.DOTALL)
    assert found is not None

    assert without_ids(found.group(1).strip()) in without_ids(printed)
    signature = re.search(r"replay approve traces.db (\w+)", readme)
    assert signature is not None
    assert f"finding {signature.group(1)}" in found.group(1)


@pytest.mark.slow
def test_a_mended_tool_is_replayed_against_the_same_recording_until_a_fresh_start(
    stage: tuple[Path, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, printed = stage
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    tools = tmp_path / "replay-demo" / "travel_v2.py"
    original = tools.read_text()
    tools.write_text(original.replace('"degrees": degrees', '"temperature": degrees'))

    assert exit_code_of(["demo"]) == 0
    mended = capsys.readouterr()
    fresh = replay(["demo", "--fresh"], tmp_path, PYTHONHASHSEED="7", TZ="Asia/Tokyo")

    assert "recorded already; replaying it with your travel_v2.py" in mended.err
    assert "`temperature` is now `degrees`" not in mended.out
    assert tools.read_text() == original
    assert "Recorded 9 conversations" in fresh.stderr
    assert without_ids(fresh.stdout) == without_ids(printed)


def test_a_directory_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "traces.db").write_text("somebody's")

    ran = replay(["demo", "--directory", ".", "--fresh"], tmp_path)

    assert ran.returncode == 3
    assert "is not empty, and no demo made it" in ran.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["traces.db"]
    assert (tmp_path / "traces.db").read_text() == "somebody's"


def test_a_missing_client_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import importlib.util

    from replay.demo.stage import DemoError, require_clients

    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openai" else object()
    )

    with pytest.raises(DemoError) as caught:
        require_clients("openai", "httpx")
    assert str(caught.value) == (
        "The demo's agent uses openai and httpx; not installed: openai.\n"
        "Install them with `pip install 'replay-sandbox[demo]'`."
    )
