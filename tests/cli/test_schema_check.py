"""`replay schema check` on real workers: today's tools against every kind of older schema."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from replay import Recorder
from replay.cli.main import exit_code_of
from replay.records import ToolSchema
from replay.store import Store
from replay.tools import load_toolbox
from tests.cli.conftest import one_trace

Printed = pytest.CaptureFixture[str]
LOCK = "replay-schemas.lock.json"
CHECK = ["schema", "check", "--tools", "shop:toolbox"]

OLD = '''
from replay import Toolbox

toolbox = Toolbox("shop")


@toolbox.tool
def price(item: str, unit: str = "euro") -> dict:
    """Tell the price of an item."""
    return {"item": item}
'''
NEW = OLD.replace("item: str,", "item: str, currency: str,").replace('"euro"', '"dollar"')


def definition() -> dict[str, Any]:
    item = {"type": "string"}
    parameters = {
        "additionalProperties": False,
        "properties": {"item": item, "unit": {"default": "euro", "type": "string"}},
        "required": ["item"],
        "type": "object",
    }
    told = {"name": "price", "description": "Tell the price of an item.", "parameters": parameters}
    return {"type": "function", "function": told}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with ``shop.py`` as it is today."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "shop.py").write_text(NEW)
    return tmp_path


def file_of(folder: Path, whole: Any) -> str:
    (folder / "old.json").write_text(json.dumps(whole))
    return "old.json"


def test_a_file_of_definitions_is_compared_rule_by_rule(here: Path, capsys: Printed) -> None:
    assert exit_code_of([*CHECK, "--against", file_of(here, [definition()])]) == 1

    assert capsys.readouterr().out == (
        "== price  shop.py:8\n"
        "✗ `currency` is new, and required\n"
        "    REQUIRED_PROPERTY_ADDED: payloads break; models see a change\n"
        "    Give it a default, or add a translation from the old version\n"
        "    (`@toolbox.translate`).\n"
        '~ `unit` meant "euro" where it was left out, and means "dollar" now\n'
        "    DEFAULT_CHANGED: payloads mean something else; models see a change\n"
        "    Keep the old default under the old version, or write it into old payloads.\n"
        "\n"
        "2 changes of 1 tool against 'old.json': 1 breaks, 1 silent.\n"
    )


def test_json_has_what_a_report_for_a_ci_server_needs(here: Path, capsys: Printed) -> None:
    assert exit_code_of([*CHECK, "--against", file_of(here, [definition()]), "--json"]) == 1

    told = json.loads(capsys.readouterr().out)
    first = told["changes"][0]
    assert (told["exit_code"], told["counts"]["breaks"], told["ignored"]) == (1, 1, 0)
    assert (first["rule"], first["tool"], first["path"]) == ("DEFAULT_CHANGED", "price", "unit")
    assert (first["file"], first["line"]) == ("shop.py", 8)
    assert (first["old"], first["new"], first["evidence"]) == ("euro", "dollar", None)


def test_nothing_changed_ends_with_0(here: Path, capsys: Printed) -> None:
    (here / "shop.py").write_text(OLD)
    assert exit_code_of([*CHECK, "--against", file_of(here, [definition()])]) == 0
    assert "No schema changed against 'old.json'." in capsys.readouterr().out


@pytest.mark.slow
def test_a_commit_of_the_same_toolbox(here: Path, capsys: Printed) -> None:
    (here / "shop.py").write_text(OLD)
    identity = ["-c", "user.email=a@example.com", "-c", "user.name=A"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "old"]):
        subprocess.run(["git", *command], check=True, cwd=here)
    (here / "shop.py").write_text(NEW)

    assert exit_code_of([*CHECK, "--against", "git:HEAD"]) == 1

    assert "2 changes of 1 tool against git:HEAD" in capsys.readouterr().out


@pytest.mark.slow
def test_the_schemas_that_models_were_shown(here: Path, capsys: Printed) -> None:
    shown = ToolSchema(
        id="s1", tool="price", dialect="openai", definition=definition(),
        first_seen_at="2026-11-20T09:00:00.000000Z",
    )  # fmt: skip
    with Store.open(here / "traces.db", mode="create") as store:
        store.append(shown)

    assert exit_code_of([*CHECK, "traces.db"]) == 1

    assert "against the traces of 'traces.db': 1 breaks, 1 silent" in capsys.readouterr().out


@pytest.mark.slow
def test_the_tools_that_imported_prompts_show(here: Path, capsys: Printed) -> None:
    other = {"type": "function", "function": {**definition()["function"], "name": "other"}}
    with Store.open(here / "traces.db", mode="create") as store:
        for name, tools in (("t1", [definition()]), ("t2", [other])):
            trace, asked, *_ = one_trace(1, name)
            store.append_all([trace, asked.model_copy(update={"tools": tools})])

    assert exit_code_of([*CHECK, "traces.db", "--json"]) == 1

    told = json.loads(capsys.readouterr().out)["changes"]
    assert {one["tool"] for one in told} == {"price"}  # `other` belongs to another agent


LOCKED = {
    "tool": "price",
    "description": "Tell the price of an item.",
    "source": definition()["function"]["parameters"],
    "validator": {"by": "pydantic", "strict": True, "misfits": "refused"},
    "shown": {"openai": "as source", "openai-strict": {"not shown": "too deep"}},
}


@pytest.mark.parametrize("options", [[], ["--against", "lock"], ["--against", LOCK]])
def test_a_lock_is_compared_where_it_lies(here: Path, capsys: Printed, options: list[str]) -> None:
    lock = {"format": 1, "toolbox": "shop:toolbox", "tools": [LOCKED]}
    (here / LOCK).write_text(json.dumps(lock))

    assert exit_code_of([*CHECK, *options]) == 1

    against = f"'{LOCK}'" if LOCK in options else "the lock"
    assert f"against {against}: 1 breaks, 1 silent" in capsys.readouterr().out


def test_calls_of_the_configured_database_are_counted_against_a_lock_as_well(
    here: Path, capsys: Printed
) -> None:
    lock = {"format": 1, "toolbox": "shop:toolbox", "tools": [LOCKED]}
    (here / LOCK).write_text(json.dumps(lock))
    (here / "pyproject.toml").write_text('[tool.replay]\ndatabase = "kept.db"\n')
    asked = [{"name": "price", "args": {"item": "tea"}}]
    (here / "before.py").write_text(OLD)
    toolbox = load_toolbox("before:toolbox", folder=here)
    with Recorder(here / "kept.db") as recorder, recorder.trace(id="t1"):
        toolbox.dispatch_sync(asked)

    assert exit_code_of(CHECK) == 1

    printed = capsys.readouterr().out
    assert "of 1 captured call 1 breaks, 100 %; first: trace t1, step 1" in printed
    assert "against the lock: 1 breaks, 1 silent" in printed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<<<<<<< HEAD", "It holds an unfinished merge"),
        ('{"format": 2, "tools": []}', "has format 2; this version reads up to 1"),
        ('{"format": 1, "tools": [{"tool": "price"}]}', "is damaged: tools[0] has no 'source'"),
    ],
)
def test_a_lock_that_cannot_be_read_is_told_as_by_the_lock_itself(
    here: Path, capsys: Printed, text: str, said: str
) -> None:
    (here / LOCK).write_text(text)

    assert exit_code_of(CHECK) == 3

    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_rules_tools_and_the_configuration_leave_changes_out(here: Path, capsys: Printed) -> None:
    against = ["--against", file_of(here, [definition()])]

    assert exit_code_of([*CHECK, *against, "--rule", "default_*", "--tool", "p*"]) == 2
    (here / "pyproject.toml").write_text(
        '[tool.replay.schema]\nignore = ["DEFAULT_CHANGED", '
        '{ rule = "REQUIRED_*", tools = ["pri*"], path = "currency" }]\n'
    )
    capsys.readouterr()

    assert exit_code_of([*CHECK, *against]) == 0
    assert "No schema changed against 'old.json'. Ignored: 2." in capsys.readouterr().out


@pytest.mark.slow
def test_what_a_provider_rejects_is_told_when_asked_for(here: Path, capsys: Printed) -> None:
    (here / "shop.py").write_text(OLD.replace("unit: str =", "unit: dict[str, str] | None ="))
    against = ["--against", "shop:toolbox"]

    assert exit_code_of([*CHECK, *against]) == 0
    assert exit_code_of([*CHECK, *against, "--provider", "openai-strict"]) == 2

    printed = capsys.readouterr().out
    assert "! cannot be shown in the dialect 'openai-strict' any more" not in printed
    assert "! cannot be shown in the dialect 'openai-strict'" in printed
    assert "an object with free keys" in printed


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--against", "nowhere"], "is no file, and nothing else that is known"),
        (["--against", "none.json"], "There is no file 'none.json'"),
        (["--against", "lock"], "`replay schema lock` writes it"),
        (["--against", "shop.py"], "'shop.py' is no JSON"),
        (["--against", "git:none"], "is in no git repository"),
        (["--against", "lock", "--rule", "ENUM_ADED"], "Nearest: ENUM_ADDED"),
        (["--against", "traces"], "Which database?"),
    ],
)
def test_what_cannot_be_compared_ends_with_3_and_what_to_do(
    here: Path, capsys: Printed, options: list[str], said: str
) -> None:
    assert exit_code_of([*CHECK, *options]) == 3

    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    "whole", [{"tools": 3}, 7, [{"inputSchema": {"type": "object"}}], ["price"], [{"shown": {}}]]
)
def test_a_file_of_something_else_says_what_is_wanted(
    here: Path, capsys: Printed, whole: Any
) -> None:
    assert exit_code_of([*CHECK, "--against", file_of(here, whole)]) == 3

    assert "old.json" in capsys.readouterr().err


def test_an_ignored_rule_that_does_not_exist_is_told(here: Path, capsys: Printed) -> None:
    (here / "pyproject.toml").write_text('[tool.replay.schema]\nignore = ["DEFAULT_CHANGE"]\n')

    assert exit_code_of([*CHECK, "--against", file_of(here, [definition()])]) == 3

    assert "Nearest: DEFAULT_CHANGED" in capsys.readouterr().err
