"""Calls that were recorded without a version: which one they are read as, and how it is told."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.records import ModelCall, Outcome, ToolCall, ToolSchema, Trace
from replay.replayer.written_for import WrittenFor, read_versions
from replay.store import Store
from replay.tools import run_call_sync
from replay.tools.schemas import definition_in
from tests.replayer.versioned_tools import toolbox

HERE = Path(__file__).parent
AT = "2026-11-21T09:00:00.000000Z"
OLD, NEW = (tool.parameters for tool in toolbox.all_versions() if tool.name == "create_event")


def shown(parameters: dict[str, Any], dialect: str = "openai") -> dict[str, Any]:
    return definition_in(
        dialect, name="create_event", description="Otherwise.", parameters=parameters
    )


def imported(folder: Path, *tools: dict[str, Any]) -> Store:
    """Return a database with one trace, as from a chat file: a call without a version."""
    store = Store.open(folder / "traces.db", mode="create")
    store.append_all(
        [
            Trace(id="t1", started_at=AT, source="openai"),
            ModelCall(
                id="m1",
                trace_id="t1",
                step_number=1,
                api="chat.completions",
                model="demo-1",
                messages=[],
                tools=list(tools),
                started_at=AT,
            ),
            ToolCall(
                id="c1",
                trace_id="t1",
                step_number=2,
                model_call_id="m1",
                tool="create_event",
                arguments='{"title":"lunch","start":"12:00"}',
                response="lunch at 12:00",
                outcome=Outcome.OK,
                started_at=AT,
            ),
        ]
    )
    return store


def version_taken(
    store: Store,
    *,
    named: dict[str, str] | None = None,
    versions: Any = None,
    schemas: list[ToolSchema] | None = None,
) -> str | None:
    today = [
        {"name": tool.name, "version": tool.version, "parameters": tool.parameters}
        for tool in toolbox.all_versions()
    ]
    known = today if versions is None else versions
    written = WrittenFor(store, named=named or {}, versions=known, schemas=schemas or ())
    transcript = written.applied(store.transcript("t1", prompts=False))
    call = transcript.steps[1]
    assert isinstance(call, ToolCall)
    return call.tool_version


@pytest.mark.parametrize("dialect", ["openai", "openai-strict", "anthropic", "mcp"])
def test_the_version_is_the_one_whose_schema_the_model_was_shown(
    tmp_path: Path, dialect: str
) -> None:
    with imported(tmp_path, shown(OLD, dialect)) as store:
        assert version_taken(store) == "1"


def test_words_in_a_schema_do_not_make_another_version(tmp_path: Path) -> None:
    told = copy.deepcopy(OLD)
    told["properties"]["title"]["description"] = "What it is about"
    del told["properties"]["start"]["default"]
    with imported(tmp_path, shown(told)) as store:
        assert version_taken(store) == "1"


def test_nothing_is_guessed_where_no_version_fits_or_two_do(tmp_path: Path) -> None:
    twins = [{"name": "create_event", "version": one, "parameters": OLD} for one in "12"]
    other = {"type": "object", "properties": {"x": {"type": "string"}}}
    for number, (definition, versions) in enumerate(
        [(shown(other), None), (shown(OLD), twins), ({"type": "web_search"}, None)]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with imported(folder, definition) as store:
            assert version_taken(store, versions=versions) is None


def test_a_recorded_schema_of_a_version_that_is_gone_tells_it_too(tmp_path: Path) -> None:
    schema = ToolSchema(
        id="s1",
        tool="create_event",
        tool_version="1",
        dialect="openai",
        definition=shown(OLD),
    )
    with imported(tmp_path, shown(OLD)) as store:
        assert version_taken(store, versions=[]) is None
        assert version_taken(store, versions=[], schemas=[schema]) == "1"


def test_what_the_user_says_comes_before_what_is_found(tmp_path: Path) -> None:
    with imported(tmp_path, shown(NEW)) as store:
        assert version_taken(store) == "2"
        assert version_taken(store, named={"create_event": "1"}) == "1"


def test_words_that_name_no_version_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_versions(["a=1", "b=2=3"]) == {"a": "1", "b=2": "3"}
    with pytest.raises(Exception, match="names no version of a tool"):
        read_versions(["create_event"])


def run(*words: str) -> int:
    tools = ["--tools", "versioned_tools:toolbox", "--path", str(HERE), "--jobs", "1"]
    return exit_code_of(["run", "traces.db", *tools, *words])


def test_a_replay_translates_imported_calls_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    imported(tmp_path, shown(OLD)).close()

    code = run()

    out = capsys.readouterr().out
    assert code == 0, out
    assert "all the same" in out
    assert (
        "Recorded without a version\n"
        "  create_event: 1 call taken for version 1: their models were shown its schema\n" in out
    )
    with Store.open("traces.db", mode="r") as store:
        (verdict,) = store.verdicts("latest")
    assert verdict.note == "Taken for version 1: the model was shown its schema."
    assert verdict.replayed is not None
    assert verdict.replayed.translation == ["1", "2"]


def test_a_call_from_before_a_tool_had_versions_is_translated_where_a_step_begins_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with imported(tmp_path) as store:
        call = store.tool_call("c1").model_copy(
            update={"tool": "cancel_event", "arguments": '{"title":"tea"}', "response": "no tea"}
        )
        store.append(call)

    code = run()

    out = capsys.readouterr().out
    assert code == 0, out
    assert (
        "  cancel_event: 1 call taken for the time before it had versions: a translation\n" in out
    )
    with Store.open("traces.db", mode="r") as store:
        (verdict,) = store.verdicts("latest")
    assert verdict.replayed is not None
    assert verdict.replayed.translation == ["(none)", "2"]
    assert verdict.note == (
        "Taken for a call from before it had versions: a translation leads on from there."
    )


def test_a_call_of_production_is_never_taken_for_one_from_before_versions() -> None:
    result = run_call_sync(toolbox, tool="cancel_event", arguments='{"event_title":"tea"}')
    older = run_call_sync(
        toolbox, tool="cancel_event", arguments='{"title":"tea"}', arguments_version=""
    )

    assert (result.response, result.translation) == ("no tea", [])
    assert (older.response, older.translation) == ("no tea", ["(none)", "2"])


def test_a_replay_takes_the_version_that_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    imported(tmp_path).close()

    assert run() == 1  # read as today's: rejected
    assert run("--version-of", "create_event=1", "--json") == 0
    out = capsys.readouterr().out
    told = json.loads(out[out.index("{") :])
    assert told["run"]["coverage"]["written_for"] == [
        {"tool": "create_event", "version": "1", "by": "named", "calls": 1}
    ]
    (tmp_path / "pyproject.toml").write_text('[tool.replay.versions]\ncreate_event = "1"\n')
    assert run() == 0
    assert run("--version-of", "create_events=1") == 3
    assert "Nearest: create_event" in capsys.readouterr().err


def test_two_parsers_read_calls_without_a_version_as_a_replay_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(tmp_path, shown(OLD)).close()
    words = ["schema", "parsers", str(tmp_path / "traces.db"), "--json"]
    words += ["--tools", "versioned_tools:toolbox", "--path", str(HERE)]

    assert exit_code_of(words) == 0
    (compared,) = json.loads(capsys.readouterr().out)["tools"]
    assert (compared["tool"], compared["calls"]) == ("create_event", 1)
