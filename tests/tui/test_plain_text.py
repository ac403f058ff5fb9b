"""`replay diff --side-by-side` and `--unfold`: what the screen shows, for a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.errors import ExitCode


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert exit_code_of([str(word) for word in words]) == ExitCode.OK
    return capsys.readouterr().out


def test_both_sides_stand_beside_each_other(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "diff", database, "b-trip", "--step", "3", "--side-by-side")

    assert text.splitlines()[-5:] == [
        "  {                          │   {",
        '-   "temperature": 4         │',
        "    … 2 equal members        │     … 2 equal members",
        '                             │ +   "degrees": 4',
        "  }                          │   }",
    ]


def test_unfold_shows_equal_lines_beside_each_change_or_all_of_them(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ("diff", database, "b-trip", "--step", "3", "--unfold")

    some, everything = said(capsys, *call, "1"), said(capsys, *call, "all")

    assert '    "sky": "grey"' in some.splitlines()
    assert '      "city": "Oslo"' not in some.splitlines()
    assert '      "city": "Oslo"' in everything.splitlines()  # the payload, which is the same
    assert "…" not in everything


def test_what_is_of_calls_is_refused_for_a_whole_run(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["diff", str(database), "--side-by-side"]) == ExitCode.COULD_NOT_RUN

    assert "name a trace or a finding" in capsys.readouterr().err


def test_a_step_is_shown_with_its_outside_answers_and_what_validated_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.tui.snapshot_database import write_snapshot_database

    path = tmp_path / "traces.db"
    write_snapshot_database(path)
    text = said(capsys, "show", path, "b-trip", "--step", "2")

    assert "outside      GET http://api.test/weather?city=Oslo → 200" in text
    assert 'answered   {"temperature": 4}' in text
    assert "stages       validate 40 us, invoke 2,600 us" in text
    assert 'schema       {"type": "function"' in text
