"""Transcripts of older versions: results in today's words, tools under today's names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.errors import SelectionError
from replay.records import (
    CallVerdict,
    Cause,
    Outcome,
    Policy,
    ReplayRun,
    Selection,
    ToolCall,
    Trace,
    Verdict,
)
from replay.replayer import Replayer
from replay.replayer.policies import Policies
from replay.report.diff_text import render_verdict
from replay.store import Store
from replay.verdicts.versions import VersionsSeen

HERE = Path(__file__).parent
AT = "2026-11-21T09:00:00.000000Z"


def recorded(response: Any, *, tool: str = "find_event", version: str | None = "1") -> ToolCall:
    return ToolCall(
        id="c1",
        trace_id="t1",
        step_number=1,
        tool=tool,
        tool_version=version,
        schema_hash="b2-16:old" if version else None,
        arguments='{"title":"lunch"}' if tool != "lookup" else '{"name":"lunch"}',
        payload={"title": "lunch"},
        response=response if isinstance(response, str) else json.dumps(response),
        outcome=Outcome.OK,
        started_at=AT,
    )


def replayed(
    folder: Path, call: ToolCall, *, policies: Policies | None = None, **options: Any
) -> tuple[ReplayRun, CallVerdict]:
    """Return the run and the verdict of a replay of ``call``."""
    with Store.open(folder / "traces.db", mode="create") as store:
        store.append_all([Trace(id="t1", started_at=AT), call])
        replayer = Replayer(
            store,
            toolbox="dated_tools:toolbox",
            paths=[HERE],
            jobs=1,
            policies=policies,
            **options,
        )
        run = replayer.run()
        (verdict,) = store.verdicts(run.id)
    return run, verdict


def notes(verdict: CallVerdict) -> list[str]:
    return verdict.replayed.notes if verdict.replayed is not None else []


def test_a_response_that_differs_only_as_its_translation_says_is_equivalent(tmp_path: Path) -> None:
    _, verdict = replayed(tmp_path, recorded({"title": "lunch", "start": "10:00"}))

    assert verdict.cause is not Cause.CODE
    assert verdict.changes == [] or verdict.verdict is Verdict.PAYLOAD_CHANGED
    assert json.loads(verdict.translated_response or "") == {
        "event": {"name": "lunch", "starts_at": "10:00"},
        "count": 1,
    }
    assert notes(verdict) == [
        "Arguments translated: version 1 → 2.",
        "Recorded response translated: version 1 → 2.",
    ]


def test_what_differs_in_the_words_of_the_translation_is_the_translations_doing(
    tmp_path: Path,
) -> None:
    _, verdict = replayed(tmp_path, recorded({"title": "lunch", "start": "11:00"}))

    assert (verdict.verdict, verdict.cause) == (Verdict.RESPONSE_CHANGED, Cause.TRANSLATION)
    (change,) = verdict.changes
    assert (change.path, change.recorded, change.replayed) == ("event.starts_at", "11:00", "10:00")


@pytest.mark.parametrize("response", ['{"title": "lunch"}', "no such event"])
def test_a_response_that_cannot_be_translated_is_compared_as_it_is_and_told(
    tmp_path: Path, response: str
) -> None:
    _, verdict = replayed(tmp_path, recorded(response))

    assert verdict.verdict is Verdict.RESPONSE_CHANGED
    assert verdict.translated_response is None
    assert notes(verdict)[1].startswith(
        "The recorded response was not translated: from version 1 to 2 failed: "
    )


def test_a_response_that_cannot_be_translated_is_told_though_today_says_the_same(
    tmp_path: Path,
) -> None:
    in_new_words = '{"event":{"name":"lunch","starts_at":"10:00"},"count":1}'
    _, verdict = replayed(tmp_path, recorded(in_new_words))

    assert notes(verdict)[1] == (
        "The recorded response was not translated: from version 1 to 2 failed: KeyError: 'title'."
    )
    assert notes(verdict)[1] in " ".join(render_verdict(verdict, None, width=200).splitlines())


def test_a_result_without_a_response_is_what_was_answered(tmp_path: Path) -> None:
    """A decorated tool's last answer may stand in no prompt."""
    call = recorded("").model_copy(
        update={"response": None, "result": {"title": "lunch", "start": "11:00"}}
    )
    _, verdict = replayed(tmp_path, call)

    assert (verdict.verdict, verdict.cause) == (Verdict.RESPONSE_CHANGED, Cause.TRANSLATION)
    (change,) = verdict.changes
    assert (change.path, change.recorded, change.replayed) == ("event.starts_at", "11:00", "10:00")


def test_a_renamed_tool_runs_under_its_new_name(tmp_path: Path) -> None:
    call = recorded({"title": "lunch", "start": "10:00"}, tool="get_event")
    run, verdict = replayed(tmp_path, call)

    assert verdict.replayed is not None
    assert verdict.replayed.outcome is Outcome.OK
    assert (verdict.tool, verdict.replayed.tool, verdict.replayed.tool_version) == (
        "get_event",
        "find_event",
        "2",
    )
    assert verdict.replayed.translation == ["get_event 1", "find_event 2"]
    assert notes(verdict) == [
        "Arguments translated: get_event 1 → find_event 2.",
        "Recorded response translated: get_event 1 → find_event 2.",
    ]
    assert run.coverage["tools"] == []


def test_an_alias_holds_for_calls_without_a_version(tmp_path: Path) -> None:
    response = '{"event":{"name":"lunch","starts_at":"10:00"},"count":1}'
    run, verdict = replayed(tmp_path, recorded(response, tool="lookup", version=None))

    assert verdict.verdict is Verdict.SAME
    assert run.exit_code == 0
    assert notes(verdict) == ["Arguments translated: lookup → find_event 2."]


def test_an_alias_of_the_version_that_ran_then_is_read_by_no_other(tmp_path: Path) -> None:
    response = '{"event":{"name":"lunch","starts_at":"10:00"},"count":1}'
    call = recorded(response, tool="lookup", version="2")
    _, verdict = replayed(tmp_path, call)
    assert verdict.replayed is not None

    seen = VersionsSeen()
    seen.add(call.model_copy(update={"schema_hash": verdict.replayed.schema_hash}), verdict)
    assert seen.report() == []

    seen.add(call, verdict)  # another tool had that name then
    assert [one["translation"] for one in seen.report()] == [["lookup", "find_event 2"]]


@pytest.mark.slow
def test_a_run_goes_on_with_the_versions_that_it_began_with(tmp_path: Path) -> None:
    calls = [recorded({"title": "lunch", "start": "10:00"}, version=None)]
    calls += [calls[0].model_copy(update={"id": "c2", "trace_id": "t2"})]
    with Store.open(tmp_path / "traces.db", mode="create") as store:
        store.append_all([Trace(id="t1", started_at=AT), Trace(id="t2", started_at=AT), *calls])
        options: dict[str, Any] = {"toolbox": "dated_tools:toolbox", "paths": [HERE], "jobs": 1}
        run = Replayer(store, versions={"find_event": "1"}, **options).run(
            Selection(trace_ids=["t1"])
        )
        begun = run.model_copy(update={"status": "interrupted", "selection": {}})
        store.append(begun)

        with pytest.raises(SelectionError, match="cannot go on with find_event=2"):
            Replayer(store, versions={"find_event": "2"}, **options).run(resume=run.id)
        ended = Replayer(store, **options).run(resume=run.id)

    assert ended.coverage["written_for"] == [
        {"tool": "find_event", "version": "1", "by": "named", "calls": 2}
    ]
    assert ended.exit_code == 0


@pytest.mark.slow
def test_a_served_answer_is_told_in_todays_words(tmp_path: Path) -> None:
    _, verdict = replayed(
        tmp_path,
        recorded({"title": "lunch", "start": "10:00"}),
        policies=Policies(({"find_event": Policy.RECORDED},)),
    )

    assert verdict.verdict is Verdict.SERVED
    assert json.loads(verdict.translated_response or "")["event"]["name"] == "lunch"
    assert verdict.note == (
        "Served as recorded: today's find_event was not run. "
        "Recorded response translated: version 1 → 2."
    )


@pytest.mark.slow
def test_the_old_codes_answer_is_compared_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "old_tools.py").write_text(
        "from replay.tools import Toolbox\n"
        "toolbox = Toolbox('calendar')\n"
        "@toolbox.tool(version='1')\n"
        "def find_event(title: str) -> dict:\n"
        "    return {'title': title, 'start': '10:00'}\n"
    )

    _, verdict = replayed(
        tmp_path,
        recorded({"title": "lunch", "start": "10:00"}),
        baseline="old_tools:toolbox",
        baseline_paths=[tmp_path],
    )

    assert verdict.cause is not Cause.NOT_REPRODUCIBLE
    assert verdict.verdict is not Verdict.RESPONSE_CHANGED
