"""What real models wrote, judged by our check of schemas in a worker, against its labels."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from replay.cli.main import exit_code_of
from replay.records import Outcome
from replay.replayer.environment import place_of
from replay.replayer.questions.asking import Asking, Judged, Question

HERE = Path(__file__).parent
CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
FILES = ("apibank", "bfcl-claude45_fix", "bfcl-claude45_small", "bfcl-gemma4e4b", "livemcp-sonnet4")
TUPLES = 7
"""Calls that are labelled by the Python that the model wrote, ``(1, 2)`` for a list; the JSON that
was made of it is a list, and fits."""

pytestmark = pytest.mark.corpora


@pytest.fixture(scope="module")
def tools() -> Iterator[Asking]:
    if not CORPORA.exists():
        pytest.skip(f"The recorded corpora are not at {CORPORA}.")
    place = place_of("labelled_tools:toolbox", paths=[HERE], environment={"CORPORA": str(CORPORA)})
    with Asking(place) as asking:
        yield asking


def rows(name: str) -> list[dict[str, Any]]:
    lines = (CORPORA / "payloads" / f"{name}.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["arguments"] is not None]


def question(row: dict[str, Any]) -> Question:
    known = row["tool"] is not None and row["tool"] in row["offered"]
    if not known:
        return Question(row["tool"] or row["offered"][0], row["arguments"])
    return Question(row["tool"], row["arguments"], version=row["schema"])


def labelled(row: dict[str, Any]) -> Outcome:
    if row["parse_ok"] is False:
        return Outcome.BAD_JSON
    if row["known_tool"] is False:
        return Outcome.UNKNOWN_TOOL
    return Outcome.OK if row["valid"] else Outcome.INVALID_ARGUMENTS


def complaints(judged: Judged) -> Counter[tuple[str, str]]:
    """Return errors as JSON Schema says them: the path, and the keyword."""
    found: Counter[tuple[str, str]] = Counter()
    for error in judged.errors:
        path = [str(part) for part in error["loc"]]
        if error["type"] in ("missing", "extra_forbidden"):
            keyword = {"missing": "required", "extra_forbidden": "additionalProperties"}
            found["/".join(path[:-1]), keyword[error["type"]]] += 1
        else:
            keyword_of = "type" if error["type"].endswith("_type") else error["type"]
            found["/".join(path), keyword_of] += 1
    return found


def is_mislabelled(row: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether the reference validator itself takes what the label calls invalid."""
    reference = jsonschema.Draft202012Validator(schemas[row["schema"]])
    return reference.is_valid(json.loads(row["arguments"]))


def test_every_call_is_classified_as_it_is_labelled(tools: Asking) -> None:
    schemas = json.loads((CORPORA / "payloads" / "schemas.json").read_text())
    every = [row for name in FILES for row in rows(name)]
    judged = list(tools.judge(map(question, every)))

    wrong = [
        row
        for row, one in zip(every, judged, strict=True)
        if one.outcome is not labelled(row)
        or (
            row["valid"] is False
            and complaints(one) != Counter((e["path"], e["keyword"]) for e in row["errors"])
        )
    ]

    assert Counter(str(one.outcome) for one in judged) == {
        "ok": 2103 + TUPLES,
        "bad_json": 90,
        "invalid_arguments": 63 - TUPLES,
    }
    assert len(wrong) == TUPLES
    assert all(is_mislabelled(row, schemas) for row in wrong)


@pytest.mark.parametrize("name", ["apibank", "livemcp-sonnet4"])
def test_calls_of_transcripts_that_are_not_listed_are_valid(tools: Asking, name: str) -> None:
    listed = {row["id"] for row in rows(name)}
    lines = (CORPORA / "transcripts" / f"{name}.jsonl").read_text().splitlines()
    asked: list[tuple[str, Question]] = []
    for told in map(json.loads, lines):
        calls = [
            call["function"]
            for message in told["messages"]
            for call in message.get("tool_calls") or ()
        ]
        asked += [
            (f"{told['id']}:{index}", Question(call["name"], call["arguments"], told["context"]))
            for index, call in enumerate(calls)
        ]

    judged = tools.judge(one for _, one in asked)
    bad = {key for (key, _), one in zip(asked, judged, strict=True) if one.outcome != "ok"}

    assert bad == listed


SORTED = """
import json
import os

from replay import Toolbox

toolbox = Toolbox("airline")
with open(os.environ["CONTEXTS"]) as file:
    contexts = json.load(file)
for definition in contexts[os.environ["CONTEXT"]]["tools"]:
    function = definition["function"]
    if function["name"].startswith("search_"):
        function["parameters"]["properties"]["sort_by"] = {"type": "string"}
        function["parameters"]["required"].append("sort_by")
    toolbox.add(lambda **arguments: None, schema=definition, name=function["name"])
"""


@pytest.mark.slow
def test_a_new_required_argument_of_two_tools_is_told_with_its_179_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = CORPORA / "transcripts" / "tau1-airline-gpt4o.jsonl"
    if not file.exists():
        pytest.skip(f"The recorded corpora are not at {CORPORA}.")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "airline.py").write_text(SORTED)
    with file.open() as lines:
        context = json.loads(lines.readline())["context"]
    assert exit_code_of(["import", "traces.db", str(file)]) == 0
    capsys.readouterr()
    contexts = CORPORA / "transcripts" / "contexts.json"

    code = exit_code_of(
        [
            *("schema", "evidence", "traces.db", "--tools", "airline:toolbox", "--json"),
            *("--env", f"CONTEXTS={contexts}", "--env", f"CONTEXT={context}", "--jobs", "1"),
            "--no-witnesses",
        ]
    )

    told = json.loads(capsys.readouterr().out)["tools"]
    missing = {
        one["tool"]: kind["call_count"]
        for one in told
        for kind in one["affected"]
        if (kind["type"], kind["path"]) == ("missing", "sort_by")
    }
    assert code == 2
    assert sum(one["call_count"] for one in told) == 1164
    assert missing == {"search_direct_flight": 141, "search_onestop_flight": 38}
