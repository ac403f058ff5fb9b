"""docs/versions.md: its files recorded as they stand, its commands run, and what they print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of

PAGE = (Path(__file__).parent.parent.parent / "docs" / "versions.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = dict(re.findall(r"<!-- command: (\S+) -->\n```bash\nreplay (.*?)\n```", PAGE))
OUTPUTS = dict(re.findall(r"<!-- output: (\S+) -->\n```text\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    subprocess.run([sys.executable, "record_calendar.py"], cwd=folder, env=environment, check=True)
    return folder


def plain(text: str) -> str:
    """Return ``text`` without what no two runs share, nor its end."""
    text = re.sub(r"p50 \S+ µs, p95 \S+ µs", "p50 N µs, p95 N µs", text)
    text = re.sub(r"finding (\w{12}|FINDING)", "finding FINDING", text)
    text = re.sub(r"(?<=\S)(\t| {2,})", "  ", text)  # a table for eyes, or for programs
    return "\n".join(line.rstrip() for line in text.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("shadows", 0), ("parsers", 2), ("run", 2)])
def test_the_page_shows_what_its_commands_print(
    recorded: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    code: int,
) -> None:
    monkeypatch.chdir(recorded)
    monkeypatch.setenv("COLUMNS", "80")

    assert exit_code_of(shlex.split(COMMANDS[name])) == code

    printed = plain(capsys.readouterr().out)
    if name == "run":  # the page leaves out what every report ends with
        printed = re.sub(r"\n\nNot reached by this traffic.*", "", printed, flags=re.DOTALL)
    assert printed == plain(OUTPUTS[name])


def test_a_step_is_shown_with_what_a_shadow_made_of_it(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(recorded)

    assert exit_code_of(["show", "traces.db", "mon", "--step", "1"]) == 0

    assert "shadow       version 2: ok, translated (" in capsys.readouterr().out
