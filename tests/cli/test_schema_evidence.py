"""`replay schema evidence`: what it prints, and how it ends."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode
from replay.records import ModelCall, ToolCall, Trace
from replay.store import Store
from tests.cli.conftest import one_trace

Run = Callable[..., tuple[int, str, str]]

V2 = '''
from typing import Literal

from replay import Toolbox

toolbox = Toolbox("shop")


@toolbox.tool
def price(item: Literal["tea", "cup"], {more}) -> dict:
    """Tell the price of an item."""
    return {{}}
'''


def other_agent() -> list[Trace | ModelCall | ToolCall]:
    """Return a trace of an agent that was shown another tool."""
    trace, asked, call = one_trace(9, "broom")
    assert isinstance(asked, ModelCall)
    shown = [{"type": "function", "function": {"name": "sweep", "parameters": {}}}]
    return [
        trace,
        asked.model_copy(update={"tools": shown}),
        call.model_copy(update={"tool": "sweep"}),
    ]


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*args: str) -> tuple[int, str, str]:
        code = exit_code_of(["schema", "evidence", "traces.db", "--jobs", "1", *args])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.mark.slow
def test_calls_that_are_left_alone_are_one_line(run: Run) -> None:
    code, out, err = run("--tools", "shop:toolbox", "--against", "shop:toolbox")

    assert (code, err) == (ExitCode.OK, "")
    assert out == ("3 captured calls of 1 tool: 3 read as they were\n\n✓ left alone: price 3\n")


def test_calls_that_break_are_told_with_why_and_where_the_first_is(run: Run, folder: Path) -> None:
    (folder / "new.py").write_text(V2.format(more="currency: str = 'EUR'"))

    code, out, _ = run("--tools", "new:toolbox", "--against", "shop:toolbox")

    assert code == ExitCode.BREAKING
    assert out.startswith(
        "3 captured calls of 1 tool: 2 read as they were, 1 now rejected\n\n"
        "✗ price: 3 captured calls, 2 read as they were (67 %), 1 now rejected (33 %)\n"
        "  recorded under no version; taken by today's tool\n"
        "  ✗ 1 (33 %): `item`: Input should be 'tea' or 'cup' (it is \"kettle\")"
    )
    assert "first: trace t3-kettle, step 2" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.slow
def test_as_json_every_count_is_there(run: Run, folder: Path) -> None:
    (folder / "new.py").write_text(V2.format(more="currency: str"))

    code, out, _ = run("--tools", "new:toolbox", "--against", "shop:toolbox", "--json")

    (tool,) = json.loads(out)["tools"]
    assert code == ExitCode.BREAKING
    assert (tool["tool"], tool["call_count"], tool["effects"]) == ("price", 3, {"breaks": 3})
    assert tool["by_model"] == {"demo-1": {"affected": 3, "of": 3}}
    missing, other = tool["affected"]
    assert (missing["type"], missing["path"], missing["call_count"]) == ("missing", "currency", 3)
    assert missing["first"] == {"trace_id": "t1-tea", "step_number": 2}
    assert (other["type"], other["old"]) == ("literal_error", "kettle")


def test_a_selection_chooses_the_calls(run: Run, folder: Path) -> None:
    (folder / "new.py").write_text(V2.format(more="currency: str = 'EUR'"))

    code, out, _ = run("--tools", "new:toolbox", "--trace", "t1", "--no-witnesses")

    assert code == ExitCode.OK
    assert out.startswith("1 captured call of 1 tool: 1 read as they were")


def test_nothing_selected_is_said_with_what_there_is(run: Run) -> None:
    code, _, err = run("--tools", "shop:toolbox", "--tool", "cost")

    assert code == ExitCode.COULD_NOT_RUN
    assert err == "Error: No captured call fits --tool cost.\nTools in traces.db: price.\n"


def test_an_empty_database_is_said_with_how_to_fill_it(run: Run, folder: Path) -> None:
    (folder / "traces.db").unlink()
    Store.open(folder / "traces.db", mode="create").close()

    code, _, err = run("--tools", "shop:toolbox")

    assert code == ExitCode.COULD_NOT_RUN
    assert "traces.db holds no traces yet." in err
    assert "replay import" in err


def test_tools_must_be_named(run: Run) -> None:
    code, _, err = run()

    assert code == ExitCode.COULD_NOT_RUN
    assert "Which tools?" in err


@pytest.mark.slow
def test_tools_of_another_agent_are_left_out_and_named(run: Run, folder: Path) -> None:
    with Store.open(folder / "traces.db", mode="w") as store:
        store.append_all(other_agent())

    code, out, _ = run("--tools", "shop:toolbox", "--against", "shop:toolbox")

    assert code == ExitCode.OK
    assert out.endswith("\n\nLeft out: 1 call of another agent's tools: sweep\n")


@pytest.mark.slow
def test_today_is_compared_with_a_commit(run: Run, folder: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(folder)]
    for words in (["init", "-q"], ["add", "shop.py"], ["commit", "-qm", "then"]):
        subprocess.run([*git, *words], check=True)
    (folder / "shop.py").write_text(V2.format(more="currency: str"))

    code, out, _ = run("--tools", "shop:toolbox", "--against", "git:HEAD", "--json")

    (tool,) = json.loads(out)["tools"]
    assert code == ExitCode.BREAKING
    assert (tool["is_compared"], tool["effects"]) == (
        importlib.util.find_spec("replay.compatibility.comparing") is not None,
        {"breaks": 3},
    )
