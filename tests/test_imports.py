"""What an import costs, counted in modules: a fresh interpreter loads only what it needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"click", "deepdiff", "rich", "sqlite_utils", "textual", "vcr"}
"""Never in a process that only records."""

UPSTAIRS = {
    "replay.cli",
    "replay.demo",
    "replay.interchange",
    "replay.replayer",
    "replay.report",
    "replay.verdicts",
    "tui",
}
"""The layers above the recorder."""

SLOW_TO_HELP = {
    "cassettes",
    "deepdiff",
    "httpx",
    "openai",
    "orjson",
    "pydantic",
    "replay.recorder",
    "replay.records",
    "replay.replayer",
    "replay.store",
    "replay.tools",
    "rich",
    "sqlite_utils",
    "textual",
    "vcr",
}
"""What `--help` has no use for."""

COMMANDS = [
    "demo",
    "record",
    "import",
    "list",
    "show",
    "ui",
    "stats",
    "budgets",
    "run",
    "runs",
    "diff",
    "approve",
    "export",
    "schema",
    "fuzz",
    "contract",
    "db",
    "doctor",
    "completion",
]


def loaded_after(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after ``statement``."""
    program = (
        f"{statement}\nimport sys, json\nsys.stderr.write(chr(10) + json.dumps(list(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    modules: list[str] = json.loads(ran.stderr.rsplit("\n", 1)[1])
    return set(modules)


def test_importing_replay_loads_no_other_package() -> None:
    loaded = loaded_after("import replay")

    assert {name for name in loaded if name.partition(".")[0] in {"replay", "cassettes"}} == {
        "replay"
    }
    assert not loaded & {*HEAVY, "pydantic", "orjson", "sqlite3", "asyncio"}


@pytest.mark.parametrize(
    "statement",
    [
        "from replay import Recorder",
        "from replay import Toolbox",
        "from replay.store import Store",
    ],
)
def test_what_runs_in_production_loads_nothing_that_only_the_desk_needs(statement: str) -> None:
    loaded = loaded_after(statement)

    assert not loaded & {*HEAVY, *UPSTAIRS}


@pytest.mark.slow
def test_the_recorder_does_not_load_the_sdks_that_it_watches() -> None:
    loaded = loaded_after("from replay import Recorder, Toolbox")

    assert not loaded & {"openai", "httpx", "httpx2", "requests", "aiohttp"}


def test_cassettes_load_without_replay() -> None:
    loaded = loaded_after("import cassettes")

    assert not loaded & {*HEAVY, *UPSTAIRS, "replay", "pydantic", "requests", "httpx", "aiohttp"}


def test_the_list_of_commands_imports_no_command() -> None:
    loaded = loaded_after("from replay.cli.main import exit_code_of; exit_code_of(['--help'])")

    assert not loaded & SLOW_TO_HELP
    own = {name for name in loaded if name.startswith("replay.cli.")}
    assert own == {
        "replay.cli.interruption",
        "replay.cli.lazy",
        "replay.cli.main",
        "replay.cli.terminal",
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_loads_only_click(command: str) -> None:
    loaded = loaded_after(
        f"from replay.cli.main import exit_code_of; exit_code_of([{command!r}, '--help'])"
    )

    assert not loaded & SLOW_TO_HELP


def test_the_hook_of_the_clock_brings_no_test_tools_into_a_worker() -> None:
    hooked = "import cassettes; cassettes.install(world=True)"

    before, after = loaded_after(hooked), loaded_after(f"{hooked}; import pytest")

    assert "time_machine" in before
    assert "pytest" not in before
    assert "pytest" in after


def test_a_run_and_its_workers_load_only_what_every_run_needs() -> None:
    run = loaded_after("import replay.cli.run; from replay.replayer import Replayer")
    worker = loaded_after("import replay.replayer.worker")

    assert not run & {"replay.tools", "asyncio", "ssl", "replay.replayer.questions.asking"}
    assert not worker & {"replay.verdicts", "replay.config", "replay.store", "importlib.metadata"}


def test_metrics_load_nothing_that_draws_or_diffs() -> None:
    loaded = loaded_after("import replay.metrics, replay.metrics.what_if, replay.metrics.invented")

    assert not loaded & (HEAVY - {"click"})
    assert not {name for name in loaded if name.startswith(("replay.cli", "replay.report"))}


def test_the_terminal_ui_paints_before_it_loads_records_rules_and_metrics() -> None:
    loaded = loaded_after("import tui.app")

    unwanted = {"pydantic", "replay.records", "replay.config", "replay.metrics", "replay.store"}
    assert not loaded & {*unwanted, "replay.verdicts.findings", "replay.verdicts.rules"}


def test_the_list_of_traces_loads_no_metrics_and_no_rules() -> None:
    loaded = loaded_after("import tui.screens.traces, tui.rows.database")

    assert not loaded & {"replay.config", "replay.metrics", "replay.stepping.conditions"}
    assert not loaded & {"replay.verdicts.findings", "replay.verdicts.rules"}
