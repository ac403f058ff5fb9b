from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.records import Feedback, ModelCall, ToolCall, Trace
from replay.store import Store

Printed = pytest.CaptureFixture[str]


def kept() -> list[Feedback]:
    with Store.open("traces.db") as store:
        return store.transcript("t1-tea").feedback


def test_what_a_reviewer_says_is_kept_and_shown(folder: Path, capsys: Printed) -> None:
    said = ["--rating", "bad", "--note", "the wrong item", "--by", "Ada", "--label", "wrong_item"]
    assert exit_code_of(["feedback", "t1", "--step", "2", *said]) == 0
    assert exit_code_of(["feedback", "t1", "--rating", "good", "--by", "Ada"]) == 0
    assert capsys.readouterr().err == ("Kept for step 2 of trace t1-tea.\nKept for trace t1-tea.\n")

    first, second = kept()
    assert (first.score, first.label, first.text) == (0.0, "wrong_item", "the wrong item")
    assert (second.score, second.label, second.step_number) == (1.0, "good", None)
    assert exit_code_of(["show", "t1"]) == 0
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert lines[0].startswith("feedback on step 2: bad, wrong_item (Ada, 20")
    assert lines[1] == "    note     the wrong item"
    assert lines[2].startswith("feedback on the trace: good (Ada, 20")


def test_a_step_shows_what_was_said_of_it(folder: Path, capsys: Printed) -> None:
    exit_code_of(["feedback", "t1", "--step", "2", "--note", "of the call"])
    exit_code_of(["feedback", "t1", "--note", "of all"])

    assert exit_code_of(["show", "t1", "--step", "2"]) == 0

    printed = capsys.readouterr().out
    assert "of the call" in printed
    assert "of all" not in printed


@pytest.mark.parametrize(
    "given", ['{"item": "cup"}', '{"tool": "price", "arguments": {"item": "cup"}}', "@right.json"]
)
def test_a_correction_is_the_call_that_should_have_been_made(
    folder: Path, capsys: Printed, given: str
) -> None:
    (folder / "right.json").write_text('{"item": "cup"}')

    assert exit_code_of(["feedback", "t1", "--step", "2", "--correction", given]) == 0

    assert kept()[0].correction == {"tool": "price", "arguments": {"item": "cup"}}
    exit_code_of(["show", "t1"])
    assert '    rather   price {"item": "cup"}' in capsys.readouterr().out


CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trace whose model was shown the schemas of two tools."""
    monkeypatch.chdir(tmp_path)
    at = "2026-11-21T09:00:00.000000Z"
    tools = [
        {"type": "function", "function": {"name": name, "parameters": CITY}}
        for name in ("get_weather", "get_news")
    ]
    call = ModelCall(
        id="m1",
        trace_id="t1-tea",
        step_number=1,
        api="chat.completions",
        tools=tools,
        started_at=at,
    )
    asked = ToolCall(
        id="c1",
        trace_id="t1-tea",
        step_number=2,
        model_call_id="m1",
        tool="get_weather",
        arguments='{"city": "Berlin"}',
        outcome="ok",
        started_at=at,
    )
    with Store.open("traces.db", mode="create") as store:
        store.append_all([Trace(id="t1-tea", started_at=at), call, asked])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"town": "Bonn"}', "schema of get_weather that the model was shown: city: "),
        ('{"city": "Bonn", "units": "C"}', "Nearest: unit"),
        ('{"city": "Bonn", "unit": "K"}', "unit: Should be one of"),
        ('{"tool": "get_wether", "arguments": {"city": "Bonn"}}', "Nearest: get_weather"),
        ('{"tool": "get_news", "arguments": {}}', "--unchecked keeps it all the same"),
    ],
)
def test_a_correction_that_the_model_could_not_have_made_is_refused(
    shown: None, capsys: Printed, given: str, words: str
) -> None:
    wanted = ["feedback", "t1", "--step", "2", "--correction", given]

    assert exit_code_of(wanted) == 3

    assert words in " ".join(capsys.readouterr().err.split())
    assert kept() == []
    assert exit_code_of([*wanted, "--unchecked"]) == 0
    assert len(kept()) == 1


def test_an_argument_that_the_schema_does_not_name_is_noted(
    shown: None, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(CITY, "additionalProperties")
    lines = ["feedback", "t1", "--step", "2", "--correction", '{"city": "Bonn", "units": "C"}']
    open_schema = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}
    with Store.open("traces.db", mode="w") as store:
        call = store.transcript("t1").steps[0]
        store.append(call.model_copy(update={"tools": [open_schema]}))

    assert exit_code_of(lines) == 0

    assert "names no 'units', and lets it pass. Did you mean unit?" in capsys.readouterr().err
    assert exit_code_of(["show", "t1"]) == 0
    assert 'rather   get_weather {"city": "Bonn", "units": "C"}' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "correction"),
    [
        ('{"city": "Bonn"}', {"tool": "get_weather", "arguments": {"city": "Bonn"}}),
        ('{"tool": "get_news"}', {"tool": "get_news"}),
        ('{"tool": null}', {"tool": None}),
        ('"Which Bonn?"', "Which Bonn?"),
    ],
)
def test_a_correction_names_a_call_a_tool_alone_no_call_or_an_answer(
    shown: None, given: str, correction: object
) -> None:
    assert exit_code_of(["feedback", "t1", "--step", "2", "--correction", given]) == 0

    assert kept()[0].correction == correction


def test_without_an_option_it_lists_what_was_said(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["feedback", "t1"]) == 0
    assert "Nobody has said anything of trace t1-tea yet" in capsys.readouterr().err
    exit_code_of(["feedback", "t1", "--step", "2", "--rating", "bad", "--json"])
    said = json.loads(capsys.readouterr().out)

    assert exit_code_of(["feedback", "t1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [said]
    assert exit_code_of(["feedback", "t1", "--step", "2"]) == 0
    assert capsys.readouterr().out.startswith("feedback on step 2: bad")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["t9", "--rating", "bad"], "no trace"),
        (["t1", "--step", "9", "--rating", "bad"], "Its steps are 1 to 2"),
        (["t1", "--rating", "awful"], "is not one of 'good', 'bad'"),
        (["t1", "--correction", "{item: cup}"], "is no JSON"),
        (["t1", "--correction", "[1]"], "is no JSON object"),
        (["t1", "--correction", '{"item": "cup"}'], "no tool is named"),
        (["t1", "--correction", "@none.json"], "cannot be read"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_kept(
    folder: Path, capsys: Printed, words: list[str], said: str
) -> None:
    assert exit_code_of(["feedback", *words]) == 3

    printed = capsys.readouterr().err
    assert said in printed
    assert "Traceback" not in printed
    assert kept() == []


def test_exports_carry_it_as_records_and_as_human_feedback(folder: Path, capsys: Printed) -> None:
    exit_code_of(
        ["feedback", "t1", "--step", "2", "--rating", "bad", "--correction", '{"item": "cup"}']
    )
    exit_code_of(["feedback", "t1", "--rating", "good", "--note", "fine", "--by", "Ada"])
    capsys.readouterr()

    assert exit_code_of(["export", "--trace", "t1"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["label"] for one in records if one["kind"] == "feedback"] == ["bad", "good"]
    assert exit_code_of(["export", "--to", "openai-chat", "--trace", "t1"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    first, second = json.loads(line)["human_feedback"]
    assert (first["step"], first["rating"], first["correction"]["tool"]) == (2, "bad", "price")
    assert (second["rating"], second["note"], second["by"]) == ("good", "fine", "Ada")
    assert exit_code_of(["export", "--to", "openai-chat", "--trace", "t2"]) == 0
    assert "human_feedback" not in capsys.readouterr().out


def ids() -> list[str]:
    return [one.id for one in kept()]


def test_what_was_said_by_mistake_is_taken_back_and_the_audit_says_so(
    folder: Path, capsys: Printed
) -> None:
    exit_code_of(["feedback", "t1", "--step", "2", "--rating", "good"])
    exit_code_of(["feedback", "t1", "--step", "2", "--rating", "bad", "--note", "ann@example.com"])
    wrong = ids()[-1]
    capsys.readouterr()

    assert exit_code_of(["feedback", "t1", "--step", "2", "--take-back", "last"]) == 0

    assert capsys.readouterr().err.startswith("Taken back: feedback on step 2: bad (")
    assert [one.label for one in kept()] == ["good"]
    with Store.open("traces.db") as store:
        [entry] = [one for one in store.audit_entries(9) if "took back" in one.what]
        assert store.check() == []
    assert entry.what.startswith(
        f"took back a score, a label, a note on step 2 of trace t1-tea, id {wrong}, said 20"
    )
    assert "ann@" not in entry.what


def test_what_is_taken_back_is_in_no_export_and_no_metric(folder: Path, capsys: Printed) -> None:
    def carried() -> tuple[bool, bool]:
        exit_code_of(["export", "traces.db", "--to", "records", "-o", "out.jsonl"])
        capsys.readouterr()
        assert exit_code_of(["stats", "traces.db", "--quality", "--json"]) == 0
        labelled = '"labelled_count": 1' in capsys.readouterr().out
        return '"kind":"feedback"' in Path("out.jsonl").read_text(), labelled

    exit_code_of(["feedback", "t1", "--step", "2", "--rating", "bad"])
    assert carried() == (True, True)

    exit_code_of(["feedback", "t1", "--take-back", ids()[0][:6], "--json"])
    assert carried() == (False, False)


@pytest.mark.parametrize("words", [["--take-back", "nosuch"], ["--take-back", "last"]])
def test_what_nobody_said_cannot_be_taken_back(
    folder: Path, capsys: Printed, words: list[str]
) -> None:
    exit_code_of(["feedback", "t1", "--step", "2", "--rating", "bad", "--by", "Ada"])
    [said] = ids()

    assert exit_code_of(["feedback", "t1", *words]) == 3

    told = capsys.readouterr().err
    assert "Trace 't1-tea' has no feedback" in told
    assert said in told
    assert exit_code_of(["feedback", "t1", "--take-back", "last", "--by", "Ada"]) == 0
    assert ids() == []


def test_taking_back_says_nothing_new(folder: Path, capsys: Printed) -> None:
    assert exit_code_of(["feedback", "t1", "--take-back", "last", "--rating", "good"]) == 3
    assert "--take-back says nothing new" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["feedback", "t1", "--label", ""],
        ["feedback", "t1", "--note", " "],
        ["feedback", "t1", "--score", "nan"],
        ["hold", "t1", "--reason", ""],
    ],
)
def test_what_says_nothing_is_refused(folder: Path, capsys: Printed, words: list[str]) -> None:
    assert exit_code_of(words) == 3

    told = capsys.readouterr().err
    assert f"Invalid value for '{words[2]}'" in told
    assert kept() == []
