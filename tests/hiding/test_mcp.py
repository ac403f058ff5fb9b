"""What a coding agent is answered over MCP: nothing hidden, unless its server was started so."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.cli.mcp_answers import Answers
from replay.errors import ReplayError
from replay.records import Selection
from tests.hiding.desk import ADDRESS, planted_in


def all_answers(answers: Answers) -> str:
    told = [
        answers.list_traces(Selection(), 0, 20),
        answers.show_trace("desk-1", 0),
        *(answers.show_step("desk-1", number, 0) for number in range(1, 6)),
        answers.search_calls(Selection(), 0, 20),
        answers.list_runs(0, 20),
        answers.show_run("latest", 0, 20),
    ]
    return "\n".join(told)


def test_an_agent_is_answered_nothing_hidden(desk: Path) -> None:
    answers = Answers(desk / "traces.db")

    text = all_answers(answers)

    assert "•••••" in text
    assert planted_in(text) == []
    assert "desk-1" not in answers.search_calls(Selection(text="Baker Street"), 0, 20)
    with pytest.raises(ReplayError, match="SQL reads values as they are stored"):
        answers.query("SELECT arguments FROM tool_calls", 0, 20, 300)


def test_a_server_that_reveals_answers_it(desk: Path) -> None:
    answers = Answers(desk / "traces.db", reveal=True)

    assert ADDRESS in all_answers(answers)
    assert ADDRESS in answers.query("SELECT arguments FROM tool_calls", 0, 20, 300)
