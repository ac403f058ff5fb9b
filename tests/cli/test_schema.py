"""`replay schema list|show|diff|export|lock` on a small database of two toolsets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from replay.cli.main import cli, exit_code_of
from replay.compatibility.lock import FILE_NAME
from replay.records import JsonObject, ModelCall, Outcome, ToolCall, ToolSchema, Trace
from replay.store import Store

TOOLS = '''
from replay import Toolbox

toolbox = Toolbox("shop")


@toolbox.tool(version="2")
def price(item: str, currency: str = "eur") -> dict:
    """Tell the price of an item."""
    return {"item": item}


@toolbox.tool
def left(item: str, extra: dict[str, int]) -> int:
    """Say how many are left."""
    return 1
'''


def definition(name: str, *required: str, **properties: Any) -> JsonObject:
    return {
        "name": name,
        "description": f"Tell the {name} of an item.",
        "parameters": {
            "type": "object",
            "properties": properties,
            "required": list(required),
        },
    }


TEXT = {"type": "string", "description": "What it is called."}
PRICE = definition("price", "item", item=TEXT)
PRICE_NOW = definition("price", "item", item=TEXT, currency={"type": "string", "default": "eur"})
STRICT = {"type": "function", "function": {**PRICE, "strict": True}}


def chat(function: JsonObject) -> JsonObject:
    return {"type": "function", "function": function}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with ``traces.db`` and ``shop.py``, 80 columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "shop.py").write_text(TOOLS)
    judge = ToolSchema(
        id="b2-16:77777777aaaa",
        tool="price",
        tool_version="1",
        dialect="pydantic",
        definition=chat(PRICE),
    )
    with Store.open(tmp_path / "traces.db", "create") as store:
        store.append(judge)
        for day, tools in enumerate(([chat(PRICE)], [chat(PRICE_NOW), {"type": "web_search"}]), 1):
            at = f"2026-11-0{day}T09:00:00.000000Z"
            trace = f"trace-{day}"
            store.append(Trace(id=trace, started_at=at))
            asked = {"trace_id": trace, "started_at": at}
            store.append(
                ModelCall(id=f"m{day}", step_number=1, api="chat.completions", tools=tools, **asked)
            )
            for step, tool in ((2, "price"), (3, "invented")):
                judged = {"schema_hash": judge.id, "tool_version": "1"} if step + day == 3 else {}
                store.append(
                    ToolCall(
                        id=f"c{day}{step}",
                        step_number=step,
                        model_call_id=f"m{day}",
                        tool=tool,
                        arguments="{}",
                        outcome=Outcome.OK,
                        **judged,
                        **asked,
                    )
                )
    return tmp_path


def run(*words: str) -> int:
    return exit_code_of(["schema", *words])


def test_the_list_says_what_each_schema_was_and_for_how_much(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("list") == 0

    told = capsys.readouterr()
    rows = [line.split() for line in told.out.splitlines()]
    assert rows[0] == [
        "TOOL",
        "VERSION",
        "DIALECT",
        "ROLE",
        "LAST",
        "SEEN",
        "TRACES",
        "CALLS",
        "SCHEMA",
    ]
    assert [row[:-1] for row in rows[1:]] == [
        ["price", "1", "pydantic", "validator", "2026-11-01", "1", "1"],
        ["price", "1", "openai", "shown", "2026-11-01", "1", "1"],
        ["price", "-", "openai", "shown", "2026-11-02", "1", "1"],
        ["web_search", "-", "provider", "shown", "2026-11-02", "1", "0"],
    ]
    assert "No schema is known of 2 calls to 1 tool: invented." in told.err


def test_a_wide_terminal_shows_the_first_time_and_a_narrow_one_keeps_names_whole(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    run("list")
    wide = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "50")
    run("list")
    narrow = capsys.readouterr().out

    assert "FIRST SEEN" in wide
    assert "SEEN" not in narrow
    assert "web_search" in narrow
    assert max(len(line) for line in narrow.splitlines()) <= 62


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["list", "--tool", "prise"], 3, "has no tool 'prise'.\nNearest: price\n"),
        (["list", "--dialect", "mcp"], 0, "has no schema in the dialect mcp. It has openai, "),
        (["list", "--tool", "invented"], 0, "traces.db has no schema of invented."),
        (["show", "prise"], 3, "has no tool 'prise'.\nNearest: price\n"),
        (["show", "invented"], 3, "'invented' was called twice, and no schema of it was"),
        (["show", "price@3"], 3, "'price' has no version '3'.\n"),
        (["show", "price@3"], 3, "Recorded are 1; by hash: "),
        (["show"], 3, "Missing argument 'TOOL'"),
        (["diff", "web_search"], 3, "One schema of 'web_search' is recorded: there is nothing"),
        (["diff", "price", "--dialect", "mcp"], 3, "No schema of 'price' is recorded in mcp."),
        (["diff", "web_search", "price"], 3, "is told by its type alone"),
        (["export", "--tool", "prise"], 3, "Nearest: price"),
        (["export", "--tool", "web_search"], 3, "has no schema to write in json-schema"),
        (["lock", "--check"], 3, f"There is no lock '{FILE_NAME}'.\n`replay schema lock`"),
        (["lock"], 3, "Which tools? Name them with --tools"),
    ],
)
def test_what_is_not_there_is_told_with_the_nearest_and_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, told: str
) -> None:
    assert run(*words) == code
    assert told in " ".join(capsys.readouterr().err.split(" "))


def test_an_empty_database_says_where_schemas_come_from(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Store.open(folder / "empty.db", "create").close()

    assert run("list", "empty.db") == 0
    assert "empty.db has no schemas yet." in capsys.readouterr().err
    assert run("show", "empty.db", "price") == 3
    assert "No schema is recorded, so none of 'price'." in capsys.readouterr().err


def test_the_json_of_the_list_has_every_fact(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("list", "--tool", "p*", "--dialect", "pydantic", "--json")

    told = json.loads(capsys.readouterr().out)
    assert told == {
        "schemas": [
            {
                "id": "b2-16:77777777aaaa",
                "tool": "price",
                "versions": ["1"],
                "dialect": "pydantic",
                "roles": ["source", "validator"],
                "first_seen_at": "2026-11-01T09:00:00.000000Z",
                "last_seen_at": "2026-11-01T09:00:00.000000Z",
                "trace_count": 1,
                "model_call_count": 0,
                "call_count": 1,
            }
        ],
        "calls_without_schema": {},
    }


def test_todays_tools_are_listed_beside_and_told_apart(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("list", "--tools", "shop:toolbox", "--json") == 0
    told = {one["tool"]: one for one in json.loads(capsys.readouterr().out)["today"]}

    assert (told["price"]["status"], told["price"]["version"]) == ("new version", "2")
    assert told["price"]["place"] == "shop.py:8"
    assert told["left"]["status"] == "new"


def test_a_schema_is_shown_as_parameters_and_as_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show", "price") == 0

    told = capsys.readouterr()
    head, _, text = told.out.partition("\n{")
    assert head.splitlines()[1:] == [
        "  Tell the price of an item.",
        "  shown: 2026-11-02 to 2026-11-02, 1 trace, 1 model call, 1 call",
        "  in trace-2",
        "",
        "item       string          What it is called.",
        'currency?  string = "eur"',
    ]
    assert json.loads("{" + text) == chat(PRICE_NOW)
    assert "Also recorded of price: " in told.err


def test_a_schema_is_named_by_version_by_hash_and_written_in_another_dialect(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for words in (
        ["price@1", "--dialect", "openai"],
        ["77777777"],
        ["price@1", "--dialect", "mcp"],
    ):
        assert run("show", *words, "--json") == 0
        told.append(json.loads(capsys.readouterr().out))
    shown, by_hash, written = told

    assert (shown["definition"], shown["recorded"]["traces"]) == (chat(PRICE), ["trace-1"])
    assert by_hash["recorded"]["id"] == "b2-16:77777777aaaa"
    assert written["definition"] == {
        "name": "price",
        "description": PRICE["description"],
        "inputSchema": PRICE["parameters"],
    }
    assert [one["path"] for one in written["parameters"]] == ["item"]


def test_a_tool_without_a_json_schema_is_shown_all_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show", "web_search") == 0
    assert "No JSON Schema: a definition in 'provider' has none." in capsys.readouterr().out


def test_the_two_newest_are_compared_in_words_and_as_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("diff", "price") == 0

    told = capsys.readouterr().out.splitlines()
    assert told[3:6] == [
        "1 difference",
        "  + `currency` is new, and optional; a payload may already carry this name with",
        "    another meaning [OPTIONAL_PROPERTY_ADDED_TO_OPEN]",
    ]
    assert any(line.startswith("+") and '"currency"' in line for line in told)
    assert max(len(line) for line in told) <= 80


def test_a_version_alone_is_one_of_the_first_ones_tool(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(folder / "traces.db") as store:
        newest = store.schema_registry(tools=["price"]).schemas[-1]
    digits = newest.id.rpartition(":")[2][:8]

    assert run("diff", "price@1", digits, "--json") == 0
    told = json.loads(capsys.readouterr().out)

    assert [side["dialect"] for side in (told["old"], told["new"])] == ["openai", "openai"]
    assert [one["rule"] for one in told["changes"]] == ["OPTIONAL_PROPERTY_ADDED_TO_OPEN"]
    assert run("diff", "price@1", "1") == 0
    assert "They are the same." in capsys.readouterr().out


def test_the_recorded_one_is_compared_with_todays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("diff", "price@1", "--dialect", "openai", "--tools", "shop:toolbox", "--json") == 0
    told = json.loads(capsys.readouterr().out)

    assert (told["old"]["recorded"], told["new"]["version"]) != (None, None)
    assert {one["path"] for one in told["changes"]} == {"currency", "item", ""}


def test_schemas_are_exported_as_an_api_takes_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("export", "--dialect", "anthropic", "--tool", "price") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["input_schema"] == PRICE_NOW["parameters"]

    assert run("export") == 2
    said = capsys.readouterr()
    assert list(json.loads(said.out)) == ["price"]
    assert "Left out: The schema of 'web_search' (provider) has no form" in said.err


def test_a_folder_gets_a_file_for_each_tool(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--tool", "price", "--tool", "price@1", "--folder", "schemas", "--json"]

    assert run("export", *words) == 0
    files = json.loads(capsys.readouterr().out)["files"]

    assert files == ["schemas/price.json", "schemas/price@1.json"]
    assert json.loads((folder / "schemas" / "price.json").read_text()) == PRICE_NOW["parameters"]


def test_todays_schemas_are_exported_without_a_database(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "traces.db").unlink()

    assert run("export", "--tools", "shop:toolbox", "--dialect", "openai-strict") == 2
    said = capsys.readouterr()

    assert [one["function"]["name"] for one in json.loads(said.out)] == ["price"]
    assert "Left out: OpenAI's strict mode cannot express tool 'left' at 'extra'" in said.err


@pytest.mark.slow
def test_the_lock_is_written_once_and_its_check_tells_in_json_what_drifted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("lock", "--tools", "shop:toolbox", "--json") == 0
    assert json.loads(capsys.readouterr().out)["changed"] is True
    (folder / "shop.py").write_text(TOOLS.replace("currency: str", "unit: str"))

    assert run("lock", "--check", "--json") == 1
    told = json.loads(capsys.readouterr().out)

    (drift,) = told["drift"]
    assert (told["exit_code"], drift["drift"], drift["place"]) == (1, "changed", "shop.py:8")
    assert [one["said"] for one in drift["changes"]] == [
        "is gone, and is rejected where it is given",
        "is new, and optional",
    ]


def completions(*words: str) -> list[str]:
    *before, incomplete = words
    shell = ShellComplete(cli, {}, "replay", "_REPLAY_COMPLETE")
    return [item.value for item in shell.get_completions(["schema", *before], incomplete)]


def test_tools_versions_hashes_and_dialects_complete(folder: Path) -> None:
    assert completions("show", "pr") == ["price"]
    assert completions("show", "traces.db", "w") == ["web_search"]
    assert completions("diff", "traces.db", "price", "price@7") == ["price@77777777"]
    assert completions("diff", "price@1") == ["price@1"]
    assert completions("list", "--tool", "p") == ["price"]
    assert completions("show", "--dialect", "openai-r") == [
        "openai-responses",
        "openai-responses-strict",
    ]
    assert "lock" in completions("l")


def test_completion_where_there_is_no_database_offers_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert completions("show", "tr") == ["tr"]
    assert completions("list", "--tool", "p") == []
