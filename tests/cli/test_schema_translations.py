"""`replay schema translations`: every way in which a translation can be wrong is a finding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.cli.main import exit_code_of
from replay.records import Outcome, ToolCall, Trace
from replay.store import Store

HERE = Path(__file__).parent


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def check(*words: str) -> int:
    return exit_code_of(["schema", "translations", "--path", str(HERE), *words])


def written_for(
    version: str, *arguments: dict[str, Any], tool: str, response: str = '{"title": "a"}'
) -> None:
    """Write ``traces.db``: one trace, a call of ``version`` for each of ``arguments``."""
    at = "2026-11-21T09:00:00.000000Z"
    calls = [
        ToolCall(
            id=f"c{number}",
            trace_id="weekend",
            step_number=number,
            tool=tool,
            tool_version=version,
            arguments=json.dumps(given),
            response=response,
            outcome=Outcome.OK,
            started_at=at,
        )
        for number, given in enumerate(arguments, start=1)
    ]
    with Store.open("traces.db", mode="create") as store:
        store.append_all([Trace(id="weekend", started_at=at), *calls])


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is told of a toolbox whose translations are each wrong in one way."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("wrong"))
        code = check("--tools", "translated_tools:wrong", "--json")
    return {"code": code, **json.loads(out.getvalue())}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "kind", "path", "said"),
    [
        ("loses", "loses", "place", "'here' has no effect on what is made"),
        ("loses", "loses", "tags[*]", "'tags 2' has no effect on what is made"),
        ("raises", "raises", "", "KeyError: 'where'"),
        ("list", "no_object", "", "returned list, not a dict of arguments"),
        ("invalid", "invalid", "tags", "valid array"),
        ("clock", "differs", "", "two runs"),
        ("clock", "impure", "", "reads the clock in translated_tools.py:"),
        ("draws", "impure", "", "draws at random in translated_tools.py:"),
        ("env", "differs", "", "two runs"),
        ("env", "impure", "", "reads the environment variable HOME in translated_tools.py:"),
        ("counts", "differs", "", "two runs"),
        ("dies", "hangs", "", "it ends its process"),
    ],
)
def test_every_fault_of_a_translation_is_a_finding(
    wrong: dict[str, Any], version: str, kind: str, path: str, said: str
) -> None:
    chain = f"note version {version} → now"
    found = [one for one in wrong["findings"] if one["chain"] == chain]

    (finding,) = [one for one in found if (one["kind"], one["path"]) == (kind, path)]
    assert said in finding["said"]
    assert finding["first_payload"]["text"] == "text 1"


@pytest.mark.slow
def test_a_fault_is_told_of_no_other_translation(wrong: dict[str, Any]) -> None:
    assert wrong["code"] == 1
    assert [(one["chain"].split()[2], one["kind"]) for one in wrong["findings"]] == [
        ("loses", "loses"),
        ("loses", "loses"),
        ("raises", "raises"),
        ("list", "no_object"),
        ("invalid", "invalid"),
        ("clock", "differs"),
        ("env", "differs"),
        ("counts", "differs"),
        ("dies", "hangs"),
        ("clock", "impure"),
        ("draws", "impure"),
        ("env", "impure"),
        ("→", "leads_nowhere"),
    ]


def test_what_is_declared_dropped_is_no_loss_and_captured_calls_are_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"title": "a", "start": "9:00", "timezone": "CET"}
    written_for("1", given, given, {"title": "b", "start": "9"}, tool="create_event")

    code = check("traces.db", "--tools", "translated_tools:right")

    assert capsys.readouterr().out == (
        "Translations of toolbox 'right': 2 steps, 1 of results\n\n"
        "✓ create_event version 1 → 2, and back: 2 payloads of 3 calls\n"
        "✓ results of create_event version 1 → 2: 1 result of 3 calls\n\n"
        "Nothing is lost, and all of it fits the versions that run.\n"
    )
    assert code == 0


def test_what_does_not_come_back_is_for_a_person(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"title": "a", "start": "9:00", "minutes": 45}
    written_for("1", given, tool="create_event")

    code = check("traces.db", "--tools", "translated_tools:right")

    out = capsys.readouterr().out
    assert code == 2
    assert "~ create_event version 1 → 2: does not come back as it went: `minutes`\n" in out
    assert "  1 payload of 1 call, first in trace weekend, step 1\n" in out


def test_a_recorded_result_that_its_translation_cannot_read_is_a_finding(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"title": "a", "start": "9:00"}
    written_for("1", given, tool="create_event", response="no such calendar")

    code = check("traces.db", "--tools", "translated_tools:right")

    out = capsys.readouterr().out
    assert code == 1
    assert "✗ results of create_event version 1 → 2: raises\n" in out
    assert '    "no such calendar"\n' in out


def test_a_translation_of_results_that_reads_the_clock_is_a_finding(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written_for("1", {}, tool="today", response="monday")

    code = check("traces.db", "--tools", "translated_tools:dated", "--json")

    told = json.loads(capsys.readouterr().out)
    assert code == 1
    assert [(one["kind"], one["first_payload"]) for one in told["findings"]] == [
        ("differs", "monday"),
        ("impure", "monday"),
    ]
    assert [one["of"] for one in told["chains"]] == ["results"]


def test_two_chains_of_one_length_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "two_ways.py").write_text(
        "from replay import Toolbox\n"
        "toolbox = Toolbox('t')\n"
        "@toolbox.tool(version='4')\n"
        "def f(a: str) -> str: ...\n"
        "for old, new in ('12', '13', '24', '34'):\n"
        "    toolbox.translate('f', old, new)(dict)\n"
    )
    written_for("1", {"a": "x"}, tool="f")

    code = check("--tools", "two_ways:toolbox")

    out = capsys.readouterr().out
    assert code == 2
    assert "~ f version 1 → 2 → 4: is one of two ways\n  1 → 3 → 4 is as short" in out


def test_tools_without_translations_are_told_how_to_begin(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "plain.py").write_text("from replay import Toolbox\ntoolbox = Toolbox('t')\n")

    assert check("--tools", "plain:toolbox") == 0
    assert "`replay schema suggest TOOL OLD NEW` writes" in capsys.readouterr().out


def test_a_tool_that_no_translation_is_of_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check("--tools", "translated_tools:right", "--tool", "create_events") == 3
    assert "Nearest: create_event" in capsys.readouterr().err


def test_no_tools_are_no_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 3
    assert "Which tools?" in capsys.readouterr().err
