"""`schema check`, `schema evidence` and `run` say the same of the same calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of

Printed = pytest.CaptureFixture[str]

TOOLS = """
from replay import Toolbox

toolbox = Toolbox("desk", strict=False)
TITLE = {"type": "string"}
GIVEN = {"type": "object", "properties": {"title": TITLE}, "required": ["title"]}


@toolbox.tool(version="1", schema=GIVEN, description="Write a note.")
def note(title: str = "", **more: object) -> str:
    return title


@toolbox.tool(version="1")
def book(day: str, seats: int = 1) -> dict[str, str]:
    return {"day": day}
"""
AGENT = """
from desk import toolbox
from replay import Recorder

with Recorder("traces.db") as recorder:
    for call in (
        ("note", {"title": "tea"}),
        ("note", {}),
        ("book", {"day": "monday"}),
        ("book", {"day": "friday", "seats": "3"}),
    ):
        with recorder.trace():
            toolbox.dispatch_sync([{"name": call[0], "args": call[1]}])
"""
STRICT = TOOLS.replace("strict=False", "strict=True")
LONGER = TOOLS.replace('"string"}', '"string", "minLength": 4}')
ANSWERS = TOOLS.replace("dict[str, str]", "list[str]").replace('{"day": day}', "[day]")
RENAMED = (
    TOOLS.replace("day: str, seats", "days: str, seats")
    .replace(": day}", ": days}")
    .replace('"1")\ndef', '"2")\ndef')
)
TRANSLATED = (
    RENAMED
    + """

@toolbox.translate("book", "1", "2")
def day_is_days(old: dict) -> dict:
    old["days"] = old.pop("day")
    return old
"""
)
BROKEN = TRANSLATED.replace('pop("day")', 'pop("date")')

BOTH = TOOLS + TRANSLATED.partition("description=")[2].partition("return title\n")[2]

CASES = {
    "unchanged": (TOOLS, {}, 0),
    "strict": (STRICT, {"COERCION_REMOVED": (1, 0, 0)}, 1),
    "reported": (LONGER, {"LENGTH_LIMIT_TIGHTENED": (0, 0, 1)}, 2),
    "renamed": (RENAMED, {"RENAME_SUSPECTED": (2, 0, 0)}, 1),
    "translated": (TRANSLATED, {}, 0),
    "broken": (BROKEN, {"TRANSLATION_BROKEN": (2, 0, 0)}, 1),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "desk.py").write_text(TOOLS)
    (folder / "agent.py").write_text(AGENT)
    subprocess.run([sys.executable, "agent.py"], cwd=folder, check=True, env={**os.environ})
    return folder / "traces.db"


@pytest.fixture
def here(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "traces.db").write_bytes(recorded.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: Printed, *command: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = exit_code_of([*command, "traces.db", "--tools", "desk:toolbox", "--json"])
    return code, json.loads(capsys.readouterr().out)


def affected(changes: list[dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
    """Return, by rule, the calls that break, that mean something else, that are only reported."""
    counts = {
        one["rule"]: (proof["breaks"], proof["silent"], proof["reported"])
        for one in changes
        if (proof := one.get("evidence", one)) is not None
    }
    return {rule: count for rule, count in counts.items() if any(count)}


@pytest.mark.slow  # two workers for each
@pytest.mark.parametrize("case", CASES)
def test_a_check_and_the_evidence_count_the_same_calls_and_end_the_same(
    here: Path, capsys: Printed, case: str
) -> None:
    tools, counts, code = CASES[case]
    (here / "desk.py").write_text(tools)

    checked, check = told(capsys, "schema", "check")
    counted, evidence = told(capsys, "schema", "evidence", "--no-witnesses", "--jobs", "1")

    assert affected(check["changes"]) == counts
    assert affected([one for tool in evidence["tools"] for one in tool["changes"]]) == counts
    assert (checked, counted) == (code, code)


@pytest.mark.slow  # a replay run for each
@pytest.mark.parametrize("case", CASES)
def test_a_replay_run_rejects_as_many_calls_as_the_evidence_says(
    here: Path, capsys: Printed, case: str
) -> None:
    tools, counts, _ = CASES[case]
    (here / "desk.py").write_text(tools)

    _, run = told(capsys, "run", "--jobs", "1")

    findings = [one for one in run["findings"] if one["verdict"] == "now_rejected"]
    rejected = sum(one["call_count"] for one in findings)
    assert rejected == sum(breaks for breaks, _, _ in counts.values())


CHAT = {
    "messages": [
        {"role": "user", "content": "Book monday."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "book", "arguments": '{"day": "monday"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": '{"day": "monday"}'},
    ]
}
SHOWN = {
    "type": "object",
    "properties": {"day": {"type": "string"}, "seats": {"type": "integer", "default": 1}},
    "required": ["day"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("tools", "shown", "configured"),
    [
        (BOTH, SHOWN, ""),
        (TRANSLATED, {**SHOWN, "required": []}, '[tool.replay.versions]\nbook = "1"\n'),
        (TRANSLATED.replace('"book", "1"', '"book", None'), {**SHOWN, "required": []}, ""),
    ],
    ids=["by what was shown", "named", "from before versions"],
)
@pytest.mark.slow  # an import, and three workers
def test_calls_of_imported_chats_are_translated_from_the_version_that_was_shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Printed,
    tools: str,
    shown: dict[str, Any],
    configured: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    function = {"name": "book", "parameters": shown}
    chat = {**CHAT, "tools": [{"type": "function", "function": function}]}
    (tmp_path / "chats.jsonl").write_text(json.dumps(chat) + "\n")
    (tmp_path / "desk.py").write_text(tools)
    (tmp_path / "pyproject.toml").write_text(configured)
    assert exit_code_of(["import", "traces.db", "chats.jsonl"]) == 0

    _, check = told(capsys, "schema", "check")
    _, evidence = told(capsys, "schema", "evidence", "--no-witnesses", "--jobs", "1")

    assert affected(check["changes"]) == {}
    (rename,) = [one for one in check["changes"] if one["rule"] == "RENAME_SUSPECTED"]
    assert (rename["on_payloads"], rename["said"].endswith("are translated")) == ("safe", True)
    (book,) = [tool for tool in evidence["tools"] if tool["tool"] == "book"]
    assert affected(book["changes"]) == {}
    _, run = told(capsys, "run", "--jobs", "1")
    assert [one for one in run["findings"] if one["verdict"] == "now_rejected"] == []


@pytest.mark.slow
def test_captured_calls_are_no_proof_of_what_a_tool_answers(here: Path, capsys: Printed) -> None:
    (here / "desk.py").write_text(TOOLS)
    assert exit_code_of(["schema", "lock", "--tools", "desk:toolbox"]) == 0
    (here / "desk.py").write_text(ANSWERS)

    code, check = told(capsys, "schema", "check", "--against", "lock")

    assert [(one["rule"], one["evidence"]) for one in check["changes"]] == [
        ("RESULT_TYPE_CHANGED", None)
    ]
    assert code == 1


@pytest.mark.slow  # two workers
def test_a_call_of_a_later_version_is_not_counted_for_what_changed_before_it(
    here: Path, capsys: Printed
) -> None:
    later = TOOLS.replace("seats: int = 1", "seats: int = 2").replace('"1")\ndef', '"2")\ndef')
    (here / "desk.py").write_text(later)
    (here / "agent.py").write_text(AGENT)
    subprocess.run([sys.executable, "agent.py"], cwd=here, check=True)
    (here / "desk.py").write_text(later.replace('"2")', '"3")').replace("Write a note.", "Write."))

    _, check = told(capsys, "schema", "check")
    _, evidence = told(capsys, "schema", "evidence", "--no-witnesses", "--jobs", "1")

    assert affected(check["changes"]) == {"DEFAULT_CHANGED": (0, 1, 0)}
    counted = [one for tool in evidence["tools"] for one in tool["changes"]]
    assert affected(counted) == {"DEFAULT_CHANGED": (0, 1, 0)}
