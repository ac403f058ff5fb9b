"""docs/ci.md: its commands, run by a real shell against a recording."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import replay
from replay.cli.main import cli, exit_code_of
from replay.records import JsonObject
from replay.store import Store
from tests.cli.conftest import TOOLS, one_trace

PAGE = (Path(__file__).parent.parent.parent / "docs" / "ci.md").read_text("utf-8")
SHELL = """
replay() { "$PYTHON" -P -m replay.cli.main "$@"; }
pytest() { "$PYTHON" -m pytest -p replay.pytest_plugin -p no:cacheprovider -q "$@"; }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recording, and tools that answer otherwise today."""
    (tmp_path / "shop.py").write_text(TOOLS.replace('"price": len', '"cost": len'))
    with Store.open(tmp_path / "traces.db", mode="create") as store:
        store.append_all(one_trace(1, "tea"))
    return tmp_path


def shell(folder: Path, command: str) -> int:
    """Return the exit code of ``command`` as a shell of a CI server ends with it."""
    return ran(folder, command).returncode


def ran(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run ``command`` as a shell of a CI server does."""
    environment = {**os.environ, "PYTHON": sys.executable, "GITHUB_STEP_SUMMARY": "summary.md"}
    return subprocess.run(
        ["bash", "-e", "-c", SHELL + command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def command_after(marker: str) -> str:
    """Return the command that follows ``<!-- command: marker -->``."""
    return block_after(f"command: {marker}", "bash")


def block_after(comment: str, language: str) -> str:
    """Return the block of ``language`` that follows ``<!-- comment -->``."""
    found = re.search(rf"<!-- {re.escape(comment)} -->\n```{language}\n(.*?)\n```", PAGE, re.DOTALL)
    assert found is not None, comment
    return found.group(1)


def workflow_steps() -> dict[str, str]:
    """Return the commands of the workflow's steps, by name, as a pull request's shell gets them."""
    workflow = yaml.safe_load(block_after("file: .github/workflows/replay.yml", "yaml"))
    steps = workflow["jobs"]["replay"]["steps"]
    return {
        step["name"]: step["run"].replace("${{ github.base_ref }}", "main")
        for step in steps
        if "run" in step and "name" in step
    }


def committed(folder: Path) -> None:
    """Make ``folder`` a repository whose ``origin/main`` has the old tools, and HEAD today's."""
    today = (folder / "shop.py").read_text()
    (folder / "shop.py").write_text(TOOLS)
    git = "git -c user.name=a -c user.email=a@example.com"
    assert shell(folder, f"git init -q -b main && git add shop.py && {git} commit -qm old") == 0
    assert shell(folder, "git update-ref refs/remotes/origin/main HEAD") == 0
    (folder / "shop.py").write_text(today)
    assert shell(folder, f"{git} commit -qam new") == 0


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


@pytest.mark.slow
def test_the_workflow_fails_shows_and_passes_once_it_is_approved(folder: Path) -> None:
    committed(folder)
    steps = workflow_steps()
    gate = steps["Replay a sample of yesterday's traffic"]

    failed = ran(folder, gate)
    assert failed.returncode == 2
    assert "::warning file=shop.py,line=8,title=replay%3A price" in failed.stdout
    assert shell(folder, steps["Show the report"]) == 0
    assert "`price: 'price' is now 'cost'`" in (folder / "summary.md").read_text()
    assert json.loads((folder / "replay.sarif").read_text())["version"] == "2.1.0"

    assert shell(folder, command_after("approve")) == 0
    (folder / "traces.db").unlink()  # another machine: only what is committed is there
    with Store.open(folder / "traces.db", mode="create") as store:
        store.append_all(one_trace(1, "tea"))
    assert shell(folder, gate) == 0
    assert shell(folder, steps["Replay all of yesterday's traffic"]) == 0


@pytest.mark.slow
def test_the_commands_for_gitlab_bisect_and_pytest_work(folder: Path) -> None:
    committed(folder)
    job = yaml.safe_load(block_after("file: .gitlab-ci.yml", "yaml"))["replay"]
    (folder / "test_prices.py").write_text(block_after("file: test_prices.py", "python"))

    assert shell(folder, job["script"][-1]) == 2
    bisected = ran(folder, command_after("bisect"))
    assert bisected.returncode == 0
    assert "  new\n" in bisected.stdout
    tested = ran(folder, command_after("pytest"))
    assert tested.returncode == 1
    assert "price: `price` is now `cost`" in tested.stdout
    assert "1 failed in " in tested.stdout
    by_hand = ran(folder, "pytest test_prices.py")
    assert by_hand.returncode == 1
    assert "ReplayFailure: ~ price: `price` is now `cost`" in by_hand.stdout


def test_the_pages_options_of_pytest_are_the_plugins() -> None:
    table = PAGE[PAGE.index("## In pytest") :]
    documented = set(re.findall(r"^\| `(--replay[a-z-]*)", table, re.MULTILINE))
    source = (Path(replay.__file__).parent / "pytest_plugin" / "__init__.py").read_text()

    assert documented | {"--replay-traces"} == set(re.findall(r'"(--replay[a-z-]*)"', source))


def test_every_replay_command_of_the_page_names_options_that_exist() -> None:
    commands = re.findall(r"replay (run|diff|approve|bisect) (.*)", PAGE)
    assert len(commands) > 8
    for name, line in commands:
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        known = {option for param in command.params for option in param.opts}
        assert set(re.findall(r"--[a-z]+", line.split("`")[0])) <= known, line


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
