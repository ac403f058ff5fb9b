"""docs/schemas.md: its story, command by command, as it stands on the page."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.compatibility.lock import FILE_NAME
from replay.config import load_config

PAGE = (Path(__file__).parent.parent.parent / "docs" / "schemas.md").read_text("utf-8")


def blocks(marker: str) -> dict[str, str]:
    """Return the blocks that follow ``<!-- marker: name -->``, by name."""
    found = re.findall(rf"<!-- {marker}: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    return dict(found)


FILES, COMMANDS, OUTPUTS = blocks("file"), blocks("command"), blocks("output")
CHANGED = blocks("edit")["calendar_tools.py"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tools as they were and what was recorded of them."""
    for name in ("calendar_tools.py", "agent.py"):
        (tmp_path / name).write_text(FILES[name])
    subprocess.run([sys.executable, "agent.py"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def replay(command: str) -> int:
    """Run a command line of the page in this process; return its exit code."""
    words = shlex.split(command)
    assert words[0] == "replay"
    return exit_code_of(words[1:])


def edit(folder: Path, definition: str) -> None:
    """Write the tool as the page has it changed, in the place of the first one."""
    head = FILES["calendar_tools.py"].partition("@toolbox")[0]
    (folder / "calendar_tools.py").write_text(head + definition)


def told(capfd: pytest.CaptureFixture[str]) -> str:
    """Return what was said on both streams, talk last as a terminal shows it here."""
    said = capfd.readouterr()
    return said.out + said.err


@pytest.mark.slow  # nine workers
def test_the_story_from_lock_to_green(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert replay(COMMANDS["lock"]) == 0
    assert replay(COMMANDS["check"]) == 0
    capfd.readouterr()

    edit(folder, CHANGED)
    assert replay(COMMANDS["check"]) == 1
    assert told(capfd) == OUTPUTS["check"]

    changed = CHANGED.replace('version="1"', 'version="2"')
    edit(folder, changed)
    assert replay(COMMANDS["check"]) == 0
    assert told(capfd) == OUTPUTS["version"]

    assert replay(COMMANDS["evidence"]) == 1
    assert told(capfd) == OUTPUTS["evidence"]
    assert replay(COMMANDS["run"].strip() + " --jobs 1") == 1
    capfd.readouterr()

    assert replay(COMMANDS["suggest"]) == 0
    draft = capfd.readouterr().out
    assert draft == OUTPUTS["suggest"]
    edit(folder, f"{changed}\n\n{draft}")
    assert replay(COMMANDS["evidence"]) == 0
    capfd.readouterr()
    assert replay(COMMANDS["run"].strip() + " --jobs 1") == 0
    assert capfd.readouterr().out == OUTPUTS["run"]
    assert replay(COMMANDS["lock"]) == 0
    assert replay(COMMANDS["check"]) == 0


@pytest.mark.slow  # a worker for each command
def test_the_other_commands_of_the_page_run(folder: Path) -> None:
    others = PAGE.partition("## Other commands")[2]
    commands = [line.partition("#")[0] for line in re.findall(r"^replay .*", others, re.MULTILINE)]

    assert len(commands) == 4
    assert [replay(command.partition(">")[0]) for command in commands] == [0, 0, 0, 0]


@pytest.mark.slow
def test_the_configuration_of_the_page_names_the_lock(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(FILES["pyproject.toml"])

    assert load_config().schema_lock_path == folder / FILE_NAME
    assert replay("replay schema lock") == 0
    assert (folder / FILE_NAME).exists()
