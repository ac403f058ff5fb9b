"""docs/masking.md: its shop, its commands, and what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.config import MaskConfig, config_from

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "masking.md").read_text("utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = dict(re.findall(r"<!-- command: (\S+) -->\n```bash\n(.*?)\n```", PAGE))
OUTPUTS = dict(re.findall(r"<!-- output: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.slow  # a recording, and a replay with its workers
def test_the_commands_of_the_page_find_mask_and_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    python, script = COMMANDS["record"].split()
    assert python == "python"
    subprocess.run([sys.executable, script], env=environment, check=True)

    assert exit_code_of(shlex.split(COMMANDS["check"])[1:]) == 1
    found = re.sub(r"trace t[0-9a-f]+", "trace …", capsys.readouterr().out)
    assert exit_code_of(shlex.split(COMMANDS["apply"])[1:]) == 0
    capsys.readouterr()
    assert exit_code_of(shlex.split(COMMANDS["check"])[1:]) == 0
    capsys.readouterr()
    exit_code_of([*shlex.split(COMMANDS["run"])[1:], "--jobs", "1"])
    ran = " ".join(capsys.readouterr().out.split())

    assert [line for line in OUTPUTS["check"].splitlines() if line not in found] == []
    assert [line for line in OUTPUTS["run"].splitlines() if line not in ran] == []
    assert b"ann.lee" not in b"".join(one.read_bytes() for one in tmp_path.glob("traces.db*"))


def test_the_settings_of_the_page_are_all_there_are() -> None:
    import tomllib

    shown = [tomllib.loads(text) for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)]
    tables = [one["tool"]["replay"] for one in shown]

    assert [config_from(one).mask.personal for one in tables] == [True, True]
    assert set(tables[-1]["mask"]) == set(MaskConfig.model_fields)
