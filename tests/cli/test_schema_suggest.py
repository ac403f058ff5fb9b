"""`replay schema suggest`: where versions come from, what is printed, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.cli.main import exit_code_of
from replay.records import Outcome, ToolCall, ToolSchema, Trace
from replay.store import Store

TOOLS = '''
from replay import Toolbox

toolbox = Toolbox("calendar")


@toolbox.tool(name="create_event", version="1")
def create_event_1(title: str, start: str) -> str:
    """Put an event in the calendar."""
    return title


@toolbox.tool(version="2")
def create_event(title: str, start_at: str, calendar: str = "main") -> str:
    """Put an event in the calendar."""
    return title
'''
START = {"type": "string", "description": "When it begins, ISO 8601"}
OLD = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "start": START},
    "required": ["title", "start"],
}
NEW = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "starts_at": START},
    "required": ["title", "starts_at"],
    "additionalProperties": False,
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "calendar_tools.py").write_text(TOOLS)
    (tmp_path / "old.json").write_text(json.dumps(OLD))
    (tmp_path / "new.json").write_text(
        json.dumps(
            [{"name": "create_event", "input_schema": NEW}, {"name": "x", "input_schema": {}}]
        )
    )
    (tmp_path / "payloads.jsonl").write_text('{"title": "a", "start": "9:00"}\n')
    return tmp_path


@pytest.fixture
def database(folder: Path) -> Path:
    """Calls of version 1, one of them rejected, and the schema of version 2 in the recordings."""
    at = "2026-11-21T09:00:00.000000Z"
    calls = [
        ToolCall(
            id=f"c{number}",
            trace_id="t",
            step_number=number,
            tool="create_event",
            tool_version="1",
            arguments=arguments,
            outcome=outcome,
            started_at=at,
        )
        for number, (arguments, outcome) in enumerate(
            [
                ('{"title":"a","start":"9:00"}', Outcome.OK),
                ('{"title":"a", "start":"9:00"}', Outcome.OK),
                ('{"title":"b","start":"10:00"}', Outcome.FAILED),
                ('{"wrong":1}', Outcome.INVALID_ARGUMENTS),
            ],
            start=1,
        )
    ]
    schemas = [
        ToolSchema(
            id=f"s{version}",
            tool="create_event",
            tool_version=version,
            dialect="anthropic",
            definition={"name": "create_event", "input_schema": schema},
            first_seen_at=at,
            last_seen_at=at,
        )
        for version, schema in (("1", OLD), ("2", NEW))
    ]
    with Store.open(folder / "traces.db", mode="create") as store:
        store.append_all([Trace(id="t", started_at=at), *schemas, *calls])
    return folder / "traces.db"


def suggest(*words: str) -> int:
    return exit_code_of(["schema", "suggest", *words])


def test_files_give_code_on_stdout_and_what_is_sure_beside_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = suggest(
        "create_event", "1=old.json", "2=new.json", "--payloads", str(folder / "payloads.jsonl")
    )

    out, err = capsys.readouterr()
    assert code == 0
    assert '@toolbox.translate("create_event", "1", "2")' in out
    assert err == (
        "create_event, version 1 to 2: 1 sure, 0 left to you.\n"
        "  sure  starts_at: was start (the same description) [confidence 0.92]\n"
        "1 of 1 captured payloads translate and validate.\n"
    )


def test_recordings_give_schemas_and_payloads_that_were_not_rejected(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = suggest("create_event", "1", "2", "--json")

    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert told["trial"] == {
        "payload_count": 2,
        "fit_count": 2,
        "left_count": 0,
        "broken_count": 0,
    }
    assert told["edits"][0]["kind"] == "rename"


@pytest.mark.slow
def test_the_validator_of_todays_tools_judges_the_draft(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = suggest("create_event", "1", "2", "--tools", "calendar_tools:toolbox", "--json")

    told = json.loads(capsys.readouterr().out)
    assert code == 2
    assert told["trial"]["left_count"] == 2
    assert told["trial"]["first_left"] == {
        "payload": {"title": "b", "start": "10:00"},
        "said": "start: it is gone.",
    }


@pytest.mark.slow
def test_a_tool_that_had_no_version_is_named_by_a_dash(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "calendar_tools.py").write_text(
        TOOLS.replace(', version="1"', "").replace("start_at", "Start")
    )
    words = ("-", "2", "--tools", "calendar_tools:toolbox", "--payloads", "payloads.jsonl")

    code = suggest("create_event", *words)

    out, err = capsys.readouterr()
    assert code == 0
    assert '@toolbox.translate("create_event", None, "2")' in out
    assert "1 of 1 captured payloads translate and validate." in err


@pytest.mark.slow
def test_a_draft_is_tried_in_place_of_the_translation_that_is_there(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = '@toolbox.translate("create_event", "1", "2")\ndef there(old):\n    raise OSError\n'
    (folder / "calendar_tools.py").write_text(f"{TOOLS}\n\n{there}".replace("start_at", "Start"))
    words = ("1", "2", "--tools", "calendar_tools:toolbox", "--payloads", "payloads.jsonl")

    assert suggest("create_event", *words) == 0
    err = capsys.readouterr().err
    assert "1 of 1 captured payloads translate and validate." in err
    assert "The toolbox has this translation already" in err


def test_a_draft_that_the_new_version_does_not_take_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "payloads.jsonl").write_text('{"title": "a", "start": "9:00", "color": "red"}\n')

    code = suggest("create_event", "1=old.json", "2=new.json", "--payloads", "payloads.jsonl")

    err = capsys.readouterr().err
    assert code == 1
    assert "0 of 1 captured payloads translate and validate.\n1 did not pass, the first:" in err
    assert "color" in err


def test_a_file_with_one_definition_says_the_new_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    method = {"enum": ["create", "delete"]}
    new = {**NEW, "properties": {**NEW["properties"], "method": method}, "required": ["method"]}
    (folder / "write.json").write_text(json.dumps({"name": "event_write", "inputSchema": new}))

    code = suggest("create_event", "1=old.json", "2=write.json", "--payloads", "payloads.jsonl")

    out = capsys.readouterr().out
    assert code == 0
    assert '@toolbox.translate("create_event", "1", "2", to="event_write")' in out
    assert 'new["method"] = "create"' in out


def test_a_draft_is_written_to_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = suggest("create_event", "1=old.json", "2=new.json", "--output", "draft.py")

    out, err = capsys.readouterr()
    assert (code, out) == (0, "")
    assert "def translate_create_event_1_to_2" in (folder / "draft.py").read_text()
    assert "No captured payload of the old version is here" in err


@pytest.mark.slow
def test_a_version_of_a_commit_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import subprocess

    for words in (
        ["init", "-q"],
        ["add", "calendar_tools.py"],
        ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "one"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    (folder / "calendar_tools.py").write_text(
        TOOLS.replace('version="2"', 'version="3"').replace("start_at", "startAt")
    )

    code = suggest("create_event", "git:HEAD", "3", "--tools", "calendar_tools:toolbox")

    assert code == 0
    assert 'new["startAt"] = new.pop("start_at")' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create_event", "1", "2"), "There is no version '1' of tool 'create_event'."),
        (("create_event", "1=gone.json", "2=new.json"), "There is no file 'gone.json'"),
        (("create_events", "1=new.json", "2=new.json"), "Nearest: create_event"),
        (("create_event", "new.json", "new.json"), "there is nothing to translate"),
        (("create_event", "git:HEAD", "2=new.json"), "no tools are named"),
        (("create_event", "1=payloads.jsonl", "2=new.json"), "no tool definition"),
        (
            ("create_event", "7", "2", "--tools", "calendar_tools:toolbox"),
            "There are: 1, 2.",
        ),
    ],
)
def test_what_cannot_be_found_is_said_with_what_there_is(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert suggest(*words) == 3
    assert said.lower() in capsys.readouterr().err.lower()


def test_of_tools_without_versions_it_is_said_how_they_get_one(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = "from replay import Toolbox\ntoolbox = Toolbox('x')\n"
    plain += "@toolbox.tool\ndef stop() -> None: ...\n"
    (folder / "plain_tools.py").write_text(plain)

    assert suggest("stop", "1", "2", "--tools", "plain_tools:toolbox") == 3
    assert "@toolbox.tool(version=...) gives it one" in capsys.readouterr().err
