"""docs/metrics.md and docs/budgets.md: their commands run, and what they print is what is shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from tests.metrics.stores import make_store, timed_call

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text("utf-8") for name in ("metrics", "budgets")}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("pages") / "traces.db", more=timed_call("t0000"))


@pytest.fixture
def folder(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(recorded, tmp_path / "traces.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def block(page: str, marker: str, language: str) -> str:
    """Return the code that follows ``<!-- marker -->``."""
    found = re.search(rf"<!-- {marker} -->\n```{language}\n(.*?)```", PAGES[page], re.DOTALL)
    assert found is not None
    return found.group(1)


def commands(page: str) -> list[tuple[str, str]]:
    return re.findall(r"<!-- command: (.+?) -->\n```bash\n(.*?)```", PAGES[page], re.DOTALL)


def run(lines: str) -> list[int]:
    """Run each line of a block; return their exit codes."""
    return [exit_code_of(shlex.split(line)[1:]) for line in lines.strip().splitlines()]


def test_every_command_of_the_metrics_page_runs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = commands("metrics")

    assert {name: run(lines) for name, lines in found} == {
        name: [ExitCode.OK] * len(lines.strip().splitlines()) for name, lines in found
    }
    assert len(found) == 5
    assert (folder / "replay.prom").exists()
    assert "Traceback" not in capsys.readouterr().err


def test_the_metrics_page_shows_what_stats_prints(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(block("metrics", "command: stats", "bash"))

    assert capsys.readouterr().out == block("metrics", "output: stats", "text")


def test_the_python_of_the_metrics_page_runs(folder: Path) -> None:
    names: dict[str, object] = {}

    exec(block("metrics", "python: reading", "python"), names)

    assert names["by_tool"]
    assert names["models"]


def test_the_budgets_page_shows_what_its_budgets_give(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "pyproject.toml").write_text(block("budgets", "file: pyproject.toml", "toml"))

    codes = {name: run(lines) for name, lines in commands("budgets")}
    capsys.readouterr()
    run(block("budgets", "command: budgets", "bash"))

    assert codes == {name: [ExitCode.BREAKING] for name in ("budgets", "one", "what-if")}
    assert capsys.readouterr().out == block("budgets", "output: budgets", "text")
    assert os.listdir(folder)
