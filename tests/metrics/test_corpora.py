"""Real traffic, imported, against what its files say: counted here from the lines alone."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.metrics import Scope, read_calls, read_models
from replay.metrics.connection import reading
from replay.metrics.invented import read_made_up
from replay.metrics.runs import read_endings

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
FILES = (
    "apibank",
    "livemcp-sonnet4",
    "tau2-gpt4o_telecom_20250810",
    "tau2-qwen25_7b_retries_airline",
)

pytestmark = [pytest.mark.corpora, pytest.mark.slow]


def lines(name: str) -> list[dict[str, Any]]:
    file = CORPORA / "transcripts" / f"{name}.jsonl"
    if not file.exists():
        pytest.skip(f"The recorded corpora are not at {CORPORA}.")
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    files = [str(CORPORA / "transcripts" / f"{name}.jsonl") for name in FILES if lines(name)]
    path = tmp_path_factory.mktemp("corpora") / "traces.db"
    assert exit_code_of(["import", str(path), *files]) == 0
    with reading(path) as connection:
        yield connection


def calls_of_lines() -> Counter[tuple[str | None, str]]:
    """Count the calls by model and tool; a simulated user's are no model's."""
    found: Counter[tuple[str | None, str]] = Counter()
    for name in FILES:
        for line in lines(name):
            for message in line["messages"]:
                model = line["model"] if message["role"] == "assistant" else None
                for call in message.get("tool_calls") or []:
                    found[model, call["function"]["name"]] += 1
    return found


def test_calls_by_model_and_tool_are_those_of_the_files(imported: sqlite3.Connection) -> None:
    rows = read_calls(imported, by=("model", "tool"))

    assert {row.name: row.call_count for row in rows} == calls_of_lines()


def test_failed_calls_are_the_answers_that_are_marked(imported: sqlite3.Connection) -> None:
    rows = read_calls(imported, by=("model",))

    marked: Counter[str | None] = Counter()
    for name in FILES:
        for line in lines(name):
            for message in line["messages"]:
                if message["role"] == "tool" and message.get("error"):
                    by_user = message.get("requestor") == "user"
                    marked[None if by_user else line["model"]] += 1
    told = {row.name[0]: row.outcome_counts.get("failed", 0) for row in rows}
    assert {model: count for model, count in told.items() if count} == marked


def test_tokens_by_model_are_those_of_the_files(imported: sqlite3.Connection) -> None:
    rows = read_models(imported)

    used: dict[str, list[int]] = {}
    for name in FILES:
        for line in lines(name):
            for message in line["messages"]:
                usage = message.get("usage") if message["role"] == "assistant" else None
                if usage:
                    sums = used.setdefault(line["model"], [0, 0, 0])
                    sums[0] += 1
                    sums[1] += usage["prompt_tokens"]
                    sums[2] += usage["completion_tokens"]
    told = {
        row.model: [row.counted_count, row.tokens.input, row.tokens.output]
        for row in rows
        if row.counted_count
    }
    assert told == used


def test_successes_are_the_rewards_of_the_files(imported: sqlite3.Connection) -> None:
    found = read_endings(imported)

    rewards = [
        line["outcome"]["reward"]
        for name in FILES
        for line in lines(name)
        if isinstance(line.get("outcome"), dict) and line["outcome"].get("reward") is not None
    ]
    assert found.success is not None
    assert found.success.value == pytest.approx(rewards.count(1.0) / len(rewards))


@pytest.mark.parametrize(
    ("name", "app"), [("apibank", "api-bank"), ("livemcp-sonnet4", "livemcpbench")]
)
def test_calls_that_do_not_fit_what_was_shown_are_the_labelled_ones(
    imported: sqlite3.Connection, name: str, app: str
) -> None:
    scope = Scope(traces_sql="r.app = ?", traces_values=(app,))

    found = read_made_up(imported, scope, traces_max=1000)

    labels = [
        json.loads(line)
        for line in (CORPORA / "payloads" / f"{name}.jsonl").read_text().splitlines()
    ]
    wrong = Counter(one["tool"] for one in labels if one["known_tool"] and not one["valid"])
    assert {one.tool: one.misfit_count for one in found.calls if one.misfit_count} == wrong


def test_values_that_nobody_told_are_found_in_real_traffic(imported: sqlite3.Connection) -> None:
    """A weak model asks for users and cards that stand nowhere in its conversations."""
    scope = Scope(models=("qwen2.5:7b",))

    found = read_made_up(imported, scope, traces_max=1000)

    by_place = {(one.tool, one.path): one.invented_count for one in found.arguments}
    assert by_place["get_user_details", "user_id"] >= 3
    assert ("cancel_reservation", "reservation_id") not in by_place
