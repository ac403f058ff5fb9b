"""docs/export.md: its commands, run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from tests.cli.conftest import folder  # noqa: F401 -- a fixture

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text("utf-8")


def commands() -> list[str]:
    blocks = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_the_commands_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    pytest.importorskip("pyarrow")
    assert exit_code_of(["run", "traces.db", "--tools", "shop:toolbox"]) == 0
    local = [command for command in commands() if "--endpoint" not in command]

    for command in local:
        words = shlex.split(command.replace("$TRACE", "t1-tea"), comments=True)
        assert exit_code_of(words[1:]) == 0, command

    written = {path.name for path in Path.cwd().iterdir()}
    assert len(local) == 11
    assert {"spans.jsonl", "phoenix.jsonl", "trace.html", "run.html", "case.replay"} <= written
    tables = {path.name for path in Path("tables").iterdir()}
    assert tables == {"traces.parquet", "steps.parquet", "tool_calls.parquet"}
