"""`replay prune`, `forget`, `hold` and `audit` as a shell runs them; who may read the files."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Literal

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.errors import ReplayError
from replay.records import Selection
from replay.store import Store
from replay.store.holds import put_hold
from replay.store.keep_rules import KeepRules
from replay.store.keeping import Keeping
from tests.store.test_pruning import days_ago, problems, records, transcripts


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    found = tmp_path / "traces.db"
    with Store.open(found, "create") as store:
        for number in range(6):
            store.append_all(list(records(number, 60 - 10 * number)))
        store.append(
            {
                "kind": "tool_call",
                "id": "mail",
                "trace_id": "t003",
                "step_number": 3,
                "tool": "mail",
                "arguments": json.dumps({"body": json.dumps({"to": "Ann.Müller@example.com"})}),
                "response": "sent",
                "started_at": days_ago(30),
            }
        )
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_without_a_rule_nothing_goes_and_the_command_says_how_to_give_one(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["prune", str(path)]) == 0

    assert "[tool.replay.keep]" in capsys.readouterr().out
    assert len(transcripts(path)) == 6


def test_a_dry_run_tells_what_would_go(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["prune", str(path), "--until", "35d", "--dry-run", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["by_rule"] == {"selected": 3}
    assert len(transcripts(path)) == 6


def test_a_dry_run_says_how_many_bytes_go(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code_of(["prune", str(path), "--until", "35d", "--dry-run"]) == 0

    said = capsys.readouterr().out
    assert "3 traces would go" in said
    assert " bytes, " in said
    assert "afterwards." in said


def test_a_pruning_that_selected_nothing_says_so(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["prune", str(path), "--app", "nosuch"]) == 0

    said = capsys.readouterr().out
    assert "no trace was selected" in said
    assert "time is over" not in said


def test_a_length_that_is_none_is_told_where_it_stands(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("pyproject.toml").write_text('[tool.replay.keep]\ntools = { find = "3 days" }\n')

    assert exit_code_of(["prune", str(path)]) == 3
    assert "'3 days' is no length of time" in capsys.readouterr().err


def test_forgetting_removes_the_traces_that_hold_the_value_in_any_form(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code_of(["forget", str(path), "--value", "ann.müller@EXAMPLE.com"]) == 0

    assert "t003" not in transcripts(path)
    assert len(transcripts(path)) == 5
    assert problems(path) == []
    assert exit_code_of(["audit", str(path), "--json"]) == 0
    told = capsys.readouterr().out
    assert "ller" not in told
    assert "(forgotten 1)" in told


def test_forgetting_finds_a_person_by_the_placeholder(tmp_path: Path) -> None:
    database = tmp_path / "masked.db"
    with Recorder(database, mask="personal") as recorder:
        for name in ("ann", "bob"):
            with recorder.trace(id=name, start={"mail": f"{name}@example.com"}):
                pass
    assert b"ann@example.com" not in database.read_bytes()

    assert exit_code_of(["forget", str(database), "--value", "ann@example.com"]) == 0

    assert transcripts(database).keys() == {"bob"}


@pytest.mark.parametrize("mask", ["personal", False])
@pytest.mark.parametrize(
    "wanted",
    ["DE89370400440532013000", "4539148803436467", "+4930901820147", "030 901820147", "536904399"],
)
def test_forgetting_finds_a_number_however_it_is_written(
    wanted: str, mask: Literal["personal", False], tmp_path: Path
) -> None:
    database = tmp_path / "numbers.db"
    said = "DE89 3704 0044 0532 0130 00, 4539 1488 0343 6467, +49 30 901820147, 536-90-4399"
    with Recorder(database, mask=mask) as recorder:
        with recorder.trace(id="hers", start={"said": said}):
            pass
        with recorder.trace(id="his", start={"said": "4111 1111 1111 1111, +49 30 901820148"}):
            pass

    assert exit_code_of(["forget", str(database), "--value", wanted]) == 0

    assert transcripts(database).keys() == {"his"}


def test_a_held_trace_is_not_forgotten_and_a_person_must_judge(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_hold(path, "t003", "a case", None)
    words = ["forget", str(path), "--value", "ann.müller@example.com"]

    assert exit_code_of([*words, "--dry-run"]) == 2, "as the real one will"
    assert "HELD, so it would stay" in capsys.readouterr().out
    assert exit_code_of(words) == 2

    assert "HELD" in capsys.readouterr().out
    assert "t003" in transcripts(path)


def test_exports_and_holds_are_noted_and_reads_only_where_they_are_asked_for(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def noted() -> list[tuple[str, str]]:
        capsys.readouterr()
        assert exit_code_of(["audit", str(path), "--json"]) == 0
        return [(one["command"], one["act"]) for one in json.loads(capsys.readouterr().out)]

    assert exit_code_of(["list", str(path)]) == 0
    assert exit_code_of(["hold", str(path), "t001", "--reason", "x"]) == 0
    assert exit_code_of(["feedback", str(path), "t001"]) == 0
    assert noted() == [("hold", "changed")], "a look changes nothing"
    assert exit_code_of(["feedback", str(path), "t001", "--rating", "good"]) == 0
    assert noted()[0] == ("feedback", "changed")
    Path("pyproject.toml").write_text('[tool.replay]\naudit = "all"\n')
    assert exit_code_of(["list", str(path)]) == 0
    assert noted()[0] == ("list", "read")


def test_the_audit_keeps_nothing_of_what_people_say(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["hold", str(path), "t001", "--reason", "zoe@mail.org asked"],
        ["pin", str(path), "t001", "--note=for zoe@mail.org"],
        ["feedback", str(path), "t001", "--rating", "good", "--by", "zoe@mail.org"],
    ):
        monkeypatch.setattr("sys.argv", ["replay", *words])
        assert exit_code_of(words) == 0
    capsys.readouterr()

    assert exit_code_of(["audit", str(path), "--json"]) == 0

    told = [one["what"] for one in json.loads(capsys.readouterr().out)]
    assert told == [
        f"feedback {path} t001 --rating good --by …",
        f"pin {path} t001 --note=…",
        f"hold {path} t001 --reason …",
    ]


def test_looking_for_what_should_be_masked_is_noted_as_no_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "small.db"
    with Recorder(database) as recorder, recorder.trace(id="one"):
        pass
    assert exit_code_of(["mask", str(database), "--check"]) == 0
    assert exit_code_of(["audit", str(database)]) == 0
    assert "Nothing was exported" in capsys.readouterr().err
    assert exit_code_of(["mask", str(database), "--apply"]) == 0
    assert exit_code_of(["audit", str(database)]) == 0
    assert "changed" in capsys.readouterr().out


def test_new_files_are_their_owners_alone(path: Path) -> None:
    assert exit_code_of(["export", str(path), "-o", "out.jsonl", "--format", "openai-chat"]) == 0
    Path("shared.jsonl").touch(mode=0o644)
    os.chmod("shared.jsonl", 0o644)
    again = ["export", str(path), "-o", "shared.jsonl", "--format", "openai-chat"]
    assert exit_code_of(again) == 0
    with Store.open(path, "w") as store:
        store.append_all(list(records(50, 1)))
        [spool] = path.with_name("traces.db-spool").iterdir()

        assert (mode(path), mode(spool), mode(spool.parent)) == (0o600, 0o600, 0o700)
    assert (mode(Path("out.jsonl")), mode(Path("shared.jsonl"))) == (0o600, 0o644)


def test_spools_of_a_database_that_others_share_can_be_read_by_them(path: Path) -> None:
    path.chmod(0o660)
    with Store.open(path, "w") as store:
        store.append_all(list(records(50, 1)))
        [spool] = path.with_name("traces.db-spool").iterdir()

        assert (mode(spool), mode(spool.parent)) == (0o660, 0o770)


def test_a_recorder_takes_a_traces_own_time_and_refuses_what_is_none(path: Path) -> None:
    with Recorder(path) as recorder:
        with recorder.trace(id="brief", keep="1h"):
            pass
        with pytest.raises(ReplayError, match="no length of time"):
            recorder.trace(keep="soon")

    assert transcripts(path)["brief"].trace.attributes["keep"] == "1h"


def test_a_recorder_removes_what_is_due_in_its_gaps(path: Path) -> None:
    keeping = Keeping(path, KeepRules("35d"))
    put_hold(path, "t001", "a case", None)

    removed = [keeping.step() for _ in range(3)]

    assert removed == [2, 0, 0]
    assert sorted(transcripts(path)) == ["t001", "t003", "t004", "t005"]
    assert problems(path) == []
    with Store.open(path) as store:
        [entry] = store.audit_entries()
    assert (entry.command, entry.act) == ("recorder", "removed")


def test_a_recorder_is_told_by_the_project_how_long(path: Path) -> None:
    Path("pyproject.toml").write_text('[tool.replay.keep]\ndefault = "35d"\n')
    with Recorder(path) as recorder:
        assert recorder.store.keeping is not None
        recorder.store.keeping.step()

    assert sorted(transcripts(path)) == ["t003", "t004", "t005"]


def test_a_step_of_removing_waits_for_nobody(path: Path) -> None:
    import sqlite3

    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert Keeping(path, KeepRules("35d")).step() == 0
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_of_a_selection_what_is_still_recorded_stays(path: Path) -> None:
    from replay.store.pruning import prune

    with Recorder(path) as recorder, recorder.trace(id="open"):
        recorder.store.append_all(
            [
                {**one, "trace_id": "open", "id": f"o-{one['id']}"}
                for one in records(60, 0.0001)
                if one["kind"] in ("model_call", "tool_call")
            ]
        )
        done = prune(path, selection=Selection(until=days_ago(-1)))

    assert done.going_on == 1
    assert "open" in transcripts(path)


def test_the_audit_keeps_no_key_address_or_value_that_was_typed(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["export", str(path), "--to", "otlp", "-o", "zoe@mail.org.jsonl"],
        ["db", "query", str(path), "SELECT 1 WHERE 'Zoe Lee' = ''", "--reveal"],
        ["show", str(path), "t001", "--reveal", "--header", "x-key=zoe-has-a-key"],
    ):
        monkeypatch.setattr("sys.argv", ["replay", *words])
        exit_code_of(words if "--header" not in words else words[:-2])
    capsys.readouterr()

    assert exit_code_of(["audit", str(path), "--json"]) == 0

    told = [one["what"] for one in json.loads(capsys.readouterr().out)]
    assert len(told) == 3
    assert "zoe" not in " ".join(told).lower()
    assert told[1] == f"db query {path} SELECT 1 WHERE '…' = '…' --reveal"


def test_an_audit_tells_all_of_a_command_on_a_narrow_screen(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    words = ["prune", "t.db", "--until", "35d", *("--app", "a-long-name-of-an-application") * 3]
    monkeypatch.setattr("sys.argv", ["replay", *words])
    assert exit_code_of(["prune", str(path), "--until", "35d"]) == 0
    capsys.readouterr()

    assert exit_code_of(["audit", str(path)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[2:])) <= 80
    told = " ".join(" ".join(lines).split())
    assert "(selected 3): prune t.db --until 35d" in told
    assert told.count("a-long-name-of-an-application") == 3


def test_what_goes_is_not_noted_where_the_settings_say_so(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("pyproject.toml").write_text('[tool.replay]\naudit = "off"\n')
    assert exit_code_of(["prune", str(path), "--until", "35d"]) == 0
    capsys.readouterr()

    assert exit_code_of(["audit", str(path), "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == []
