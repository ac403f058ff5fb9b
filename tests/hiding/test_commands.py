"""What is hidden is in no command's output, in none of its forms, unless it is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from replay import Recorder, Toolbox
from replay.cli.main import exit_code_of
from replay.store import Store
from tests.hiding.desk import ADDRESS, PIN, TODAY, make_desk, planted_in


@pytest.fixture(params=["80", "140"])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", request.param)
    return str(request.param)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return all that a command prints, on one line: a value may be wrapped."""
    exit_code_of(list(words))
    told = capsys.readouterr()
    return " ".join((told.out + told.err).split())


SHOWING = [
    ("list", "traces.db"),
    ("show", "traces.db", "desk-1"),
    *(("show", "traces.db", "desk-1", "--step", str(number)) for number in range(1, 6)),
    ("show", "traces.db", "desk-1", "--step", "3", "--as", "curl"),
    ("show", "traces.db", "desk-1", "--step", "3", "--as", "pytest"),
    ("show", "traces.db", "desk-1", "--step", "1", "--as", "curl"),
    ("diff", "traces.db"),
    ("diff", "traces.db", "--all"),
    ("diff", "traces.db", "--format", "github"),
    ("diff", "traces.db", "desk-1", "--side-by-side"),
    ("diff", "traces.db", "desk-1", "--unfold", "all"),
    ("runs", "traces.db"),
    ("feedback", "traces.db", "desk-1"),
    ("pins", "traces.db"),
    ("cassettes", "list", "traces.db"),
    ("cassettes", "show", "traces.db", "desk-1"),
    ("origins", "traces.db", "desk-1", "--step", "3", "--path", "payload.address"),
    ("origins", "traces.db", "desk-1", "--step", "3", "--path", "payload.note"),
]
WITHOUT_JSON = ("--as", "--format")


@pytest.mark.parametrize("words", SHOWING, ids=" ".join)
def test_no_command_shows_what_is_hidden(
    desk: Path, width: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    text = said(capsys, *words)

    assert text
    assert planted_in(text) == []
    if not set(WITHOUT_JSON) & set(words):
        assert planted_in(said(capsys, *words, "--json")) == []


RUNNING = [
    ("what-if", "traces.db", "desk-1", "--step", "3", "--set", "note=fragile"),
    ("world", "traces.db", "desk-1"),
    ("world", "traces.db", "desk-1", "--watch", "world.sent[*].to"),
    ("fuzz", "traces.db", "--count", "40"),
    ("contract", "traces.db", "--infer"),
    ("contract", "traces.db", "--check", "idempotent"),
    ("schema", "evidence", "traces.db"),
    ("stats", "traces.db", "--quality"),
    ("doctor", "verify", "traces.db"),
    ("run", "traces.db"),
]


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("words", RUNNING, ids=" ".join)
def test_no_command_that_runs_tools_shows_it(
    desk: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    text = said(capsys, *words)

    assert text
    assert "Error" not in text.replace("ValueError", "").replace("Error: ship", "")
    assert planted_in(text) == []
    assert planted_in(said(capsys, *words, "--json")) == []


@pytest.mark.slow
def test_a_sign_in_an_edit_stands_for_what_was_recorded(
    desk: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """As an editor leaves it in which somebody changed the note."""
    edited = tmp_path / "edited.json"
    edited.write_text('{"address": "•••••", "pin": "•••••", "note": "fragile"}')
    words = ["what-if", "traces.db", "desk-1", "--step", "3"]

    exit_code_of([*words, "--arguments", f"@{edited}", "--json", "--reveal"])
    edit = json.loads(capsys.readouterr().out)["branch"]["edits"][0]
    wrong = exit_code_of([*words, "--set", "address=To •••••"])

    assert edit["edited"]["note"] == "fragile"
    assert edit["edited"]["pin"] == edit["recorded"]["pin"]
    assert edit["edited"]["address"] == edit["recorded"]["address"]
    assert wrong == 3
    assert "which value is meant?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("show", "traces.db", "desk-1"),
        ("show", "traces.db", "desk-1", "--step", "3", "--json"),
        ("diff", "traces.db", "desk-1", "--side-by-side"),
        ("list", "traces.db", "--json"),
        ("cassettes", "show", "traces.db", "desk-1"),
        ("feedback", "traces.db", "desk-1"),
    ],
    ids=" ".join,
)
def test_reveal_shows_it(
    desk: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert ADDRESS in said(capsys, *words, "--reveal")


def test_the_sign_is_the_same_whatever_the_value(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code_of(["show", "traces.db", "desk-1", "--step", "3", "--json"])
    step = json.loads(capsys.readouterr().out)

    assert step["payload"] == {"address": "•••••", "pin": "•••••", "note": "book"}
    assert step["arguments"] == '{"address": "•••••", "pin": "•••••", "note": "book"}'
    assert json.loads(step["response"]) == {"sent_to": "•••••", "note": "book"}


def test_a_value_that_differs_today_is_seen_to_differ(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "diff", "traces.db", "desk-1", "--step", "2", "--side-by-side")

    assert '"address": "•••••"' in text
    assert '"address": "•••••≠"' in text
    assert '"name": "•••••≠"' not in text


def test_reports_for_others_hide_it_too(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = {"--junit": "a.xml", "--markdown": "a.md", "--sarif": "a.sarif", "--html": "a.html"}
    options = [word for pair in names.items() for word in pair]

    exit_code_of(["diff", "traces.db", *options])
    capsys.readouterr()
    hidden = {name: planted_in(Path(name).read_text()) for name in names.values()}
    exit_code_of(["diff", "traces.db", *options, "--reveal"])
    revealed = "".join(Path(name).read_text() for name in names.values())

    assert hidden == {name: [] for name in names.values()}
    assert planted_in(Path("first.txt").read_text()) == []
    assert TODAY in revealed


def test_verdicts_and_exit_codes_are_those_of_the_true_values(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code_of(["diff", "traces.db", "--json", "--all"])
    hidden = json.loads(capsys.readouterr().out)
    exit_code_of(["diff", "traces.db", "--json", "--all", "--reveal"])
    revealed = json.loads(capsys.readouterr().out)

    verdicts = [[one["verdict"] for one in report["findings"]] for report in (hidden, revealed)]
    assert verdicts[0] == verdicts[1]
    assert set(verdicts[0]) == {"response_changed", "now_failing", "interactions_changed"}
    assert hidden["run"]["digest"] == revealed["run"]["digest"]
    signatures = [[one["signature"] for one in report["findings"]] for report in (hidden, revealed)]
    assert signatures[0] == signatures[1]


def test_a_search_does_not_tell_what_is_hidden(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {
        text: "desk-1" in said(capsys, "list", "traces.db", "--text", text, "--json")
        for text in ("Baker Street", PIN, "fragile", "orders")
    }
    where = {
        condition: "desk-1" in said(capsys, "list", "traces.db", "--where", condition, "--json")
        for condition in (f"payload.address == '{ADDRESS}'", f"payload.pin == {PIN}")
    }
    asked = said(capsys, "list", "traces.db", "--text", "Baker Street", "--reveal", "--json")

    assert found == {"Baker Street": False, PIN: False, "fragile": True, "orders": True}
    assert not any(where.values())
    assert "desk-1" in asked


def test_sql_wants_reveal(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["db", "query", "traces.db", "SELECT arguments FROM tool_calls"]

    code = exit_code_of(words)
    refused = capsys.readouterr()
    assert exit_code_of([*words, "--reveal"]) == 0

    assert code == 3
    assert planted_in(refused.out + refused.err) == []
    assert "--reveal shows them" in refused.err
    assert ADDRESS in capsys.readouterr().out


@pytest.mark.parametrize("form", ["records", "openai-chat", "otlp", "html", "bundle"])
def test_exports_are_masked_unless_revealed(
    desk: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Masked, not hidden: a placeholder fits where it stands, and is equal for equal values."""
    output = desk / f"out.{form}"

    code = exit_code_of(["export", "traces.db", "--to", form, "-o", str(output)])
    hidden = _text_of(output)
    whole = ["--no-mask"] if form == "bundle" else []  # which masks marked fields by itself
    exit_code_of(["export", "traces.db", "--to", form, "-o", str(output), "--reveal", *whole])

    assert code in (0, None)
    assert planted_in(hidden.replace(TODAY, "")) == []
    assert "•" not in hidden
    assert ADDRESS in _text_of(output)


def _text_of(file: Path) -> str:
    import zipfile

    if not zipfile.is_zipfile(file):
        return file.read_text()
    with zipfile.ZipFile(file) as bundle:
        return "\n".join(bundle.read(name).decode("utf-8", "replace") for name in bundle.namelist())


def test_a_reveal_is_noted_before_anything_is_shown(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code_of(["show", "traces.db", "desk-1", "--reveal"])
    exit_code_of(["show", "traces.db", "desk-1"])
    exit_code_of(["show", "traces.db", "no-such-trace", "--reveal"])

    with Store.open("traces.db") as store:
        entries = store.audit_entries(2)

    assert [(one.command, one.act) for one in entries] == [("show", "revealed")] * 2


def test_every_command_that_reads_can_be_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_desk(tmp_path)
    file = tmp_path / "pyproject.toml"
    file.write_text(file.read_text().replace("[tool.replay]", '[tool.replay]\naudit = "all"', 1))
    for words in (
        ["list", "traces.db"],
        ["show", "traces.db", "desk-1"],
        ["origins", "traces.db", "desk-1", "--step", "3", "--path", "payload.note"],
        ["stats", "traces.db"],
        ["export", "traces.db", "-o", "x.jsonl"],
        ["db", "query", "traces.db", "SELECT 1", "--reveal"],
        ["feedback", "traces.db", "desk-1", "--rating", "good"],
    ):
        assert exit_code_of(words) in (0, None), words
    capsys.readouterr()

    with Store.open("traces.db") as store:
        acts = [(one.command, one.act) for one in reversed(store.audit_entries())]

    assert acts == [
        ("list", "read"),
        ("show", "read"),
        ("origins", "read"),
        ("stats", "read"),
        ("export", "exported"),
        ("db query", "revealed"),
        ("feedback", "changed"),
    ]


@pytest.mark.parametrize(
    "arguments",
    [json.dumps({"where": TODAY * 4}), f'{{"where": "{TODAY * 4}', f'{{"where": "{TODAY}"'],
)
def test_what_an_error_quotes_of_a_hidden_value_is_hidden(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
) -> None:
    toolbox = Toolbox("desk")

    @toolbox.tool
    def go(where: Literal["home"]) -> str:
        return where

    monkeypatch.chdir(tmp_path)
    hide = "[tool.replay.access]\nhide = ['tool_calls.go.arguments.where']\n"
    (tmp_path / "pyproject.toml").write_text(hide)
    function = {"name": "go", "arguments": arguments}
    with Recorder("traces.db", mask=False) as recorder, recorder.trace(id="t"), toolbox.session():
        toolbox.dispatch_sync([{"id": "c", "type": "function", "function": function}])

    text = said(capsys, "show", "traces.db", "t", "--step", "1", "--json")

    assert "•••••" in text
    assert [one for one in ("Downing", "Street", "London") if one in text] == []
