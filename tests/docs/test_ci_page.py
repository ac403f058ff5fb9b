"""docs/ci.md: its commands, run by a real shell against a recording."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from replay.cli.main import cli, exit_code_of
from replay.records import JsonObject
from replay.store import Store
from tests.cli.conftest import TOOLS, one_trace

PAGE = (Path(__file__).parent.parent.parent / "docs" / "ci.md").read_text("utf-8")
SHELL = 'replay() { "$PYTHON" -P -m replay.cli.main "$@"; }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording, and tools that answer otherwise today."""
    (tmp_path / "shop.py").write_text(TOOLS.replace('"price": len', '"cost": len'))
    with Store.open(tmp_path / "traces.db", mode="create") as store:
        store.append_all(one_trace(1, "tea"))
    return tmp_path


def shell(folder: Path, command: str) -> int:
    """Return the exit code of ``command`` as a shell of a CI server ends with it."""
    environment = {**os.environ, "PYTHON": sys.executable}
    return subprocess.run(
        ["bash", "-e", "-c", SHELL + command], cwd=folder, env=environment, capture_output=True
    ).returncode


def command_after(marker: str) -> str:
    """Return the command that follows ``<!-- command: marker -->``."""
    found = re.search(rf"<!-- command: {marker} -->\n```bash\n(.*?)\n```", PAGE, re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.slow
def test_a_gate_that_tolerates_2_passes_a_change_and_fails_a_typo(folder: Path) -> None:
    gate = command_after("tolerate")

    assert shell(folder, gate) == 0
    assert "<failure" in (folder / "replay.xml").read_text()
    assert shell(folder, gate.replace("--junit", "--jnit")) != 0
    assert shell(folder, gate.replace("shop:toolbox", "shopp:toolbox")) != 0


@pytest.mark.slow
def test_a_stored_run_is_written_later(folder: Path) -> None:
    shell(folder, command_after("tolerate"))

    assert shell(folder, command_after("later")) == 0
    assert (folder / "replay.md").read_text().startswith("**1 call of 1 trace: 1 changed")


def test_the_workflow_names_commands_and_options_that_exist() -> None:
    line = re.search(r"replay run (.*)", PAGE)
    assert line is not None
    command = cli.get_command(None, "run")  # type: ignore[arg-type]
    assert command is not None
    known = {option for param in command.params for option in param.opts}

    assert set(re.findall(r"--[a-z]+", line.group(1))) <= known


def keys_of(report: JsonObject) -> set[str]:
    """Return the keys of a report as the page writes them."""
    whole = {key for key in report if key not in ("run", "findings")} | {"findings[]"}
    finding = report["findings"][0]
    return (
        whole | {f"run.{key}" for key in report["run"]} | {f"findings[].{key}" for key in finding}
    )


def test_the_table_of_the_json_report_has_its_keys_and_no_others(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    table = re.search(r"\| key \| \|\n(.*?)\n\n", PAGE, re.DOTALL)
    assert table is not None
    cells = [row.split(" | ")[0] for row in table.group(1).splitlines()[1:]]
    said = {key for cell in cells for key in re.findall(r"`([^`]+)`", cell)}

    code = exit_code_of(["run", "traces.db", "--tools", "shop:toolbox", "--jobs", "1", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert said == keys_of(report)
    assert report["exit_code"] == report["run"]["exit_code"] == code == 2
    assert report["run"]["verdict_counts"] == {"response_changed": 1}
    assert set(report["run"]["coverage"]) >= {"schema_disagrees", "not_frozen", "kernel_guard"}
    assert report["findings"][0]["first_divergence_count"] == 1
