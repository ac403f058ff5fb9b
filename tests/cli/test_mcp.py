"""`replay mcp`: a real client of the SDK asks the real command about a real database."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.cli.mcp_answers import Answers, selection_of
from replay.cli.mcp_pages import TEXT_MAX, cut, page
from replay.errors import StoreError
from replay.store import Store
from tests.cli.conftest import TOOLS, one_trace

Asked = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(TOOLS.replace('"price": len', '"cost": len'))
    with Store.open(tmp_path / "traces.db", mode="create") as store:
        store.append_all(one_trace(1, "tea"))
    return tmp_path / "traces.db"


def ask(database: Path, calls: Asked, *options: str) -> tuple[list[Any], list[str]]:
    """Return the answers (text, or the error in brackets), and the tools' names."""
    pytest.importorskip("mcp", reason="the MCP SDK is not installed")
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    async def talk() -> tuple[list[Any], list[str]]:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "replay.cli.main", "mcp", str(database), *options],
            cwd=database.parent,
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        )
        async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            listed = await session.list_tools()
            answers = []
            for name, arguments in calls:
                answer: Any = await session.call_tool(name, arguments)
                text = "\n".join(part.text for part in answer.content)
                answers.append(f"[{text}]" if answer.is_error else text)
            return answers, [tool.name for tool in listed.tools]

    return asyncio.run(talk())


def test_an_agent_lists_shows_searches_and_asks_in_sql(database: Path) -> None:
    (traces, shown, step, calls, rows, wrong, write), names = ask(
        database,
        [
            ("list_traces", {"limit": 5}),
            ("show_trace", {"trace": "t1"}),
            ("show_step", {"trace": "t1", "step": 2}),
            ("search_calls", {"tool": "price", "since": "2020-01-01"}),
            ("query", {"sql": "SELECT count(*) FROM tool_calls"}),
            ("search_calls", {"outcome": "fine"}),
            ("query", {"sql": "DELETE FROM trace_rows"}),
        ],
    )
    assert "replay" not in names
    assert json.loads(traces)["tool_call_count"] >= 1
    assert "price" in shown
    assert "price" in step
    assert json.loads(calls)["tool"] == "price"
    assert rows == '["count(*)"]\n[1]'
    assert wrong.startswith("[")
    assert "There is no outcome 'fine'" in wrong
    assert "no statement that reads" in write


@pytest.mark.slow
def test_an_agent_replays_only_where_that_is_allowed(database: Path) -> None:
    (report, runs, found), names = ask(
        database,
        [("replay", {"tool": "price"}), ("list_replay_runs", {}), ("show_replay_run", {})],
        "--allow-replay",
        "--tools",
        "shop:toolbox",
    )
    assert "replay" in names
    head, findings, finding, kept = report.split("\n")
    assert json.loads(head)["run"]["verdict_counts"] == {"response_changed": 1}
    assert (findings, json.loads(finding)["tool"]) == ("findings:", "price")
    assert kept.startswith("The whole is kept: show_replay_run with run=run_")
    assert json.loads(runs)["tools"] == "shop:toolbox"
    assert found.split("\n")[2] == finding


def test_long_answers_say_how_to_go_on() -> None:
    text = "x" * 50_000
    first = cut(text)
    assert first.endswith("[30,000 characters more: ask again with start=20000]")
    assert cut(text, 40_000) == "x" * 10_000


def test_lists_come_in_pages_that_fit_and_say_where_to_go_on() -> None:
    rows = [{"id": number, "text": "x" * 1_000} for number in range(150)]

    first = page(rows, 0, 100).split("\n")
    last = page(rows, 140, 100).split("\n")

    assert sum(map(len, first)) <= TEXT_MAX
    assert json.loads(first[0])["text"] == "x" * 300 + "… (1,000 characters)"
    assert first[-1] == f"[there is more: ask again with start={len(first) - 1}]"
    assert [json.loads(line)["id"] for line in last] == list(range(140, 150))
    assert page(rows, 150, 5) == "There is nothing from start=150 on."
    assert page([], 0, 5) == "Nothing was found."


def test_big_answers_and_endless_queries_do_not_flood_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("replay.cli.mcp_answers._QUERY_S", 0.2)
    with Store.open(tmp_path / "traces.db", mode="create") as store:
        for number in range(30):
            *others, call = one_trace(number % 10, f"tea-{number}")
            store.append_all([*others, call.model_copy(update={"response": "tea " * 2_000})])
    answers = Answers(tmp_path / "traces.db")
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT {} FROM c"

    whole = answers.query("SELECT * FROM tool_calls", 0, 50, 2_000)
    rest = answers.query("SELECT trace_id FROM tool_calls", 25, 50, 300)
    many = answers.query(endless.format("x"), 10, 2, 300)
    with pytest.raises(StoreError, match=r"took longer than 0.2 s, and was ended"):
        answers.query(endless.format("count(*)"), 0, 50, 300)

    assert len(whole) < TEXT_MAX + 1_000
    assert "[there is more: ask again with start=" in whole
    assert len(rest.split("\n")) == 1 + 5
    assert many == '["x"]\n[11]\n[12]\n[there is more: ask again with start=12]'
    assert len(answers.search_calls(selection_of({}), 0, 200)) < TEXT_MAX + 1_000


def test_a_model_is_told_of_its_tools_and_not_of_commands(database: Path) -> None:
    (shown, gone), _ = ask(
        database, [("show_trace", {"trace": "none"}), ("show_replay_run", {"run": "none"})]
    )

    assert "list_traces shows what there is" in shown
    assert "`replay " not in shown + gone


def test_what_cannot_be_served_is_told(tmp_path: Path, capsys: Any) -> None:
    assert exit_code_of(["mcp", str(tmp_path / "none.db")]) == 3
    assert exit_code_of(["mcp", str(tmp_path / "none.db"), "--tools", "shop:toolbox"]) == 3
    assert "Traceback" not in capsys.readouterr().err
