"""Every definition that a model was shown and every validator is known, and counted truly."""

from __future__ import annotations

import gzip
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from replay import Recorder, Toolbox
from replay.errors import StoreError
from replay.records import JsonObject, ModelCall, Outcome, ToolCall, ToolSchema, Trace
from replay.records.definitions import shown_definitions
from replay.store import Store, database, migrations, schema_counts
from replay.store.schemas import KnownSchema

FIXTURE = Path(__file__).parent / "fixtures" / "format_1.db.gz"
LONG = "A description that is longer than a row takes, as those of real tools are. " * 3


def chat(name: str, **schema: Any) -> JsonObject:
    parameters = {"type": "object", "properties": schema, "required": list(schema)}
    return {
        "type": "function",
        "function": {"name": name, "description": LONG, "parameters": parameters},
    }


SEARCH = chat("search", word={"type": "string"})
SEARCH_NOW = chat("search", word={"type": "string"}, limit={"type": "integer"})
ORDER = chat("order", item={"type": "string"})


def at(minute: int) -> str:
    return f"2026-11-21T12:{minute:02}:00.000000Z"


def model_call(
    trace: str, step: int, tools: list[Any], minute: int = 0, **fields: Any
) -> ModelCall:
    return ModelCall(
        id=f"{trace}-m{step}",
        trace_id=trace,
        step_number=step,
        api="chat.completions",
        tools=tools,
        started_at=at(minute),
        **fields,
    )


def tool_call(trace: str, step: int, tool: str, asked_at: int | None, **fields: Any) -> ToolCall:
    return ToolCall(
        id=f"{trace}-c{step}",
        trace_id=trace,
        step_number=step,
        model_call_id=None if asked_at is None else f"{trace}-m{asked_at}",
        tool=tool,
        arguments="{}",
        outcome=Outcome.OK,
        started_at=fields.pop("started_at", at(30)),
        **fields,
    )


def known(store: Store) -> dict[str, KnownSchema]:
    """Return the registry by tool and dialect, for tools with one schema in each."""
    return {f"{one.tool} {one.dialect}": one for one in store.schema_registry().schemas}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "traces.db"


def test_what_models_were_shown_is_listed_once_with_its_traces_calls_and_times(path: Path) -> None:
    with Store.open(path, "create") as store:
        for number, minute in ((1, 20), (2, 10)):
            trace = f"t{number}"
            store.append(Trace(id=trace, started_at=at(0)))
            store.append(model_call(trace, 1, [SEARCH, ORDER], minute))
            store.append(tool_call(trace, 2, "search", 1))
            store.append(tool_call(trace, 3, "search", 1))
            store.append(model_call(trace, 4, [SEARCH, ORDER], minute + 5))
        store.flush()
        search, order = (known(store)[f"{tool} openai"] for tool in ("search", "order"))
        problems = store.check()

    assert (search.trace_count, search.model_call_count, search.call_count) == (2, 4, 4)
    assert (order.trace_count, order.model_call_count, order.call_count) == (2, 4, 0)
    assert (search.first_seen_at, search.last_seen_at) == (at(10), at(25))
    assert (search.roles, search.versions) == (("shown",), ())
    assert problems == []


def test_a_changed_definition_is_another_schema_and_has_its_own_calls(path: Path) -> None:
    with Store.open(path, "create") as store:
        store.append(Trace(id="t1", started_at=at(0)))
        store.append(model_call("t1", 1, [SEARCH], 1))
        store.append(tool_call("t1", 2, "search", 1))
        store.append(model_call("t1", 3, [SEARCH_NOW], 2))
        store.append(tool_call("t1", 4, "search", 3))
        store.append(tool_call("t1", 5, "search", 3))
        store.flush()
        old, new = store.schema_registry().schemas
        definitions = [store.tool_schema(one.id).definition for one in (old, new)]
        traces = [[row.id for row in store.schema_traces(one.id)] for one in (old, new)]

    assert definitions == [SEARCH, SEARCH_NOW]
    assert [one.call_count for one in (old, new)] == [1, 2]
    assert [one.trace_count for one in (old, new)] == [1, 1]
    assert traces == [["t1"], ["t1"]]


def test_a_definition_in_many_toolsets_counts_each_trace_once(path: Path) -> None:
    """Tools that are shown in parts: the same definition is in another toolset at each step."""
    with Store.open(path, "create") as store:
        store.append(Trace(id="t1", started_at=at(0)))
        for step, others in enumerate(([], [ORDER], [ORDER, SEARCH_NOW]), start=1):
            store.append(model_call("t1", step, [SEARCH, *others], step))
        store.flush()
        found = {
            one.id: (one.trace_count, one.model_call_count)
            for one in store.schema_registry().schemas
        }
        problems = store.check()

    assert sorted(found.values()) == [(1, 1), (1, 2), (1, 3)]
    assert problems == []


def test_a_call_whose_model_call_turns_out_to_have_other_tools_is_counted_there(
    path: Path,
) -> None:
    """The Responses API says with its answer which tools it used."""
    with Store.open(path, "create") as store:
        store.append(Trace(id="t1", started_at=at(0)))
        store.append(model_call("t1", 1, [SEARCH]))
        store.append(tool_call("t1", 2, "search", 1))
        store.flush()
        store.append(model_call("t1", 1, [SEARCH_NOW]))
        store.flush()
        counts = {
            one.id: (one.model_call_count, one.call_count)
            for one in store.schema_registry().schemas
        }
        newest = next(one.id for one in store.tool_schemas() if one.definition == SEARCH_NOW)

    assert counts.pop(newest) == (1, 1)
    assert list(counts.values()) == [(0, 0)]


def test_a_call_that_is_written_ahead_and_finished_counts_once(path: Path) -> None:
    validator = ToolSchema(
        id="v", tool="search", tool_version="2", dialect="pydantic", definition=SEARCH
    )
    ahead = tool_call("t1", 2, "search", 1)
    with Store.open(path, "create") as store:
        store.append(Trace(id="t1", started_at=at(0)))
        store.append(model_call("t1", 1, [SEARCH]))
        store.append(ahead.model_copy(update={"outcome": Outcome.UNFINISHED}))
        store.flush()
        store.append(validator)
        finished = {"schema_hash": "v", "tool_version": "2"}
        store.append(ahead.model_copy(update=finished))
        store.flush()
        shown, judge = known(store)["search openai"], known(store)["search pydantic"]
        problems = store.check()

    assert (shown.call_count, judge.call_count) == (1, 1)
    assert (shown.versions, judge.versions) == (("2",), ("2",))
    assert (judge.roles, judge.trace_count) == (("source", "validator"), 1)
    assert judge.last_seen_at == at(30)
    assert problems == []


def test_a_trace_that_goes_on_in_another_process_is_one_trace(path: Path) -> None:
    for step in (1, 2, 3):
        with Store.open(path, "create") as store:
            store.append(model_call("t1", step, [SEARCH]))
    with Store.open(path) as store:
        search = known(store)["search openai"]

    assert (search.trace_count, search.model_call_count) == (1, 3)


def test_a_given_schema_that_judged_nothing_yet_is_a_validator_all_the_same(path: Path) -> None:
    with Store.open(path, "create") as store:
        store.append(ToolSchema(id="v", tool="search", dialect="openai", definition=SEARCH))
        store.flush()

        assert known(store)["search openai"].roles == ("source", "validator")


def test_calls_of_which_no_schema_is_known_are_counted_apart(path: Path) -> None:
    with Store.open(path, "create") as store:
        store.append(Trace(id="t1", started_at=at(0)))
        store.append(model_call("t1", 1, [SEARCH]))
        store.append(tool_call("t1", 2, "search", 1))
        store.append(tool_call("t1", 3, "invented", 1))
        store.append(tool_call("t1", 4, "of_the_user", None))
        store.flush()

        assert store.schema_registry().bare_calls == {"invented": 1, "of_the_user": 1}
        assert store.schema_registry(tools=["search"]).bare_calls == {}


def test_a_toolbox_recording_keeps_shown_and_validator_apart_by_version(path: Path) -> None:
    toolbox = Toolbox("shop")

    @toolbox.tool(version="1")
    def price(item: str) -> int:
        return len(item)

    @toolbox.tool(version="2", strict=False, name="price")
    def price_now(item: str, unit: str = "eur") -> int:
        return len(item)

    toolbox.route(lambda call, versions: "1" if "old" in call.arguments else None)
    with Recorder(path) as recorder, recorder.trace():
        for item in ("old tea", "tea", "cup"):
            toolbox.dispatch_sync([{"name": "price", "args": {"item": item}}])
    with Store.open(path) as store:
        schemas = store.schema_registry().schemas
        records = {one.tool_version: one for one in store.tool_schemas()}

    assert [(one.versions, one.call_count) for one in schemas] == [(("1",), 1), (("2",), 2)]
    assert records["1"].strict is True
    assert (records["2"].strict, records["2"].validation) == (False, "gate")


def test_the_same_schema_in_lax_mode_is_another_validator() -> None:
    def price(item: str) -> int:
        return len(item)

    strict, lax, given = Toolbox("a"), Toolbox("b", strict=False), Toolbox("c")
    tools = [one.add(price) for one in (strict, lax)]
    definition = tools[0].definition("openai")
    reports, gates = (
        given.add(price, schema=definition, version=version, **options)
        for version, options in (("1", {}), ("2", {"validation": "gate"}))
    )

    assert tools[0].schema_hash != tools[1].schema_hash
    assert tools[0].schema_record("openai").id == tools[1].schema_record("openai").id
    assert reports.tool_schema.validation == "report"
    assert reports.schema_hash == reports.schema_record("openai").id
    assert gates.schema_hash != gates.schema_record("openai").id


DIALECTS: list[tuple[JsonObject, list[tuple[str, str]]]] = [
    (SEARCH, [("search", "openai")]),
    ({"type": "function", "function": {**SEARCH["function"], "strict": True}},
     [("search", "openai-strict")]),
    ({"type": "function", **SEARCH["function"], "strict": False}, [("search", "openai-responses")]),
    ({"type": "function", **SEARCH["function"], "strict": True},
     [("search", "openai-responses-strict")]),
    ({"name": "search", "input_schema": {}}, [("search", "anthropic")]),
    ({"type": "custom", "name": "search", "input_schema": {}}, [("search", "anthropic")]),
    ({"name": "search", "inputSchema": {}}, [("search", "mcp")]),
    ({"name": "search", "parameters": {}}, [("search", "openai")]),
    ({"type": "custom", "name": "sql", "format": {"type": "text"}}, [("sql", "openai-custom")]),
    ({"type": "custom", "custom": {"name": "sql"}}, [("sql", "openai-custom")]),
    ({"type": "web_search_preview"}, [("web_search_preview", "provider")]),
    ({"type": "bash_20250124", "name": "bash"}, [("bash", "provider")]),
    ({"type": "mcp", "server_label": "crm"}, [("crm", "provider")]),
    ({"type": "namespace", "name": "crm", "tools": [{"type": "function", "name": "find"}]},
     [("find", "openai-responses")]),
    ({}, []),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "told"), DIALECTS)
def test_a_definition_tells_its_tool_and_dialect(entry: JsonObject, told: list[Any]) -> None:
    assert [(one.tool, one.dialect) for one in shown_definitions(entry)] == told


def test_tools_that_are_no_definitions_hold_nothing_up(path: Path) -> None:
    with Store.open(path, "create") as store:
        store.append(Trace(id="t1", started_at=at(0)))
        store.append(model_call("t1", 1, ["a text", 7, None, {"type": "function"}, SEARCH]))
        store.append(tool_call("t1", 2, "search", 1))
        store.flush()

        assert known(store)["search openai"].call_count == 1
        assert store.check() == []


def test_counts_go_on_in_another_process_and_after_compacting(path: Path) -> None:
    for number in range(3):
        with Store.open(path, "create") as store:
            store.append(Trace(id=f"t{number}", started_at=at(0)))
            store.append(model_call(f"t{number}", 1, [SEARCH, ORDER]))
            store.append(tool_call(f"t{number}", 2, "order", 1))
            store.compact()
    with Store.open(path) as store:
        order = known(store)["order openai"]
        assert (order.trace_count, order.model_call_count, order.call_count) == (3, 3, 3)
        assert store.check() == []


# -- files of format 1 ----------------------------------------------------------------------------


def as_format_1(path: Path) -> None:
    """Take away what formats 2 and 3 added: the file as an older replay would have written it."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DROP VIEW pins")
        connection.execute("DROP TABLE pin_rows")
        for table in ("call_groups", "holds", "contents_used", "audit"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DROP INDEX tool_calls_by_group")
        connection.execute("ALTER TABLE tool_call_rows DROP COLUMN call_group")
        connection.execute("DROP TABLE schema_traces")
        connection.execute("DROP TABLE schema_calls")
        connection.execute("DROP INDEX tool_schemas_by_tool")
        removed = connection.execute(
            "DELETE FROM tool_schema_rows WHERE dialect <> 'pydantic'"
        ).rowcount
        connection.execute(
            "UPDATE record_totals SET record_count = record_count - ? WHERE kind = 'tool_schema'",
            (removed,),
        )
        connection.execute("DROP VIEW tool_schemas")
        for name in ("trace_count", "model_call_count"):
            connection.execute(f"ALTER TABLE tool_schema_rows DROP COLUMN {name}")
        connection.execute("CREATE VIEW tool_schemas AS SELECT r.id AS id FROM tool_schema_rows r")
        connection.execute("UPDATE meta SET value = '1' WHERE name = 'format'")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name IN ('format_2', 'format_3')")
    connection.close()


def test_an_older_file_gets_the_registry_that_it_would_have_been_written_with(path: Path) -> None:
    validator = ToolSchema(
        id="v",
        tool="search",
        tool_version="2",
        dialect="pydantic",
        definition=SEARCH,
        first_seen_at=at(1),
        last_seen_at=at(59),
    )
    toolsets = ([SEARCH], [SEARCH, ORDER], [SEARCH_NOW, ORDER], [SEARCH_NOW, SEARCH])
    with Store.open(path, "create") as store:
        store.append(validator)
        for number, tools in enumerate(toolsets):
            trace = f"t{number}"
            store.append(Trace(id=trace, started_at=at(0)))
            store.append(model_call(trace, 1, tools, number))
            judged = {"schema_hash": "v"} if number == 1 else {}
            store.append(tool_call(trace, 2, "search", 1, **judged))
            store.append(tool_call(trace, 3, "invented", 1))
        store.flush()
        written = store.schema_registry()
    as_format_1(path)

    with Store.open(path) as store:
        brought_up = store.schema_registry()
        problems = store.check()

    assert {one.id: one for one in brought_up.schemas} == {one.id: one for one in written.schemas}
    assert brought_up.bare_calls == written.bare_calls == {"invented": 4}
    assert problems == []


def test_a_large_older_file_is_counted_when_it_is_first_asked(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A recorder that opens it does not wait; what it records before that is counted once."""
    with Store.open(path, "create") as store:
        store.append(Trace(id="t1", started_at=at(0)))
        store.append(model_call("t1", 1, [SEARCH]))
        store.append(tool_call("t1", 2, "search", 1))
    as_format_1(path)
    monkeypatch.setattr(schema_counts, "_AT_ONCE_MAX", 0)

    with Store.open(path, "w") as store:
        assert store.check() == []
        store.append(model_call("t1", 3, [SEARCH, ORDER]))
        store.append(tool_call("t1", 4, "search", 3))
        store.flush()
        search = known(store)["search openai"]
        assert (search.trace_count, search.model_call_count, search.call_count) == (1, 2, 2)
        assert store.check() == []
        known(store)
    assert [one.message for one in caplog.records] == ["Counting what 2 calls used, once."]


def test_several_processes_may_bring_an_older_file_up_to_date_at_the_same_moment(
    path: Path,
) -> None:
    """Both are kept waiting until each of them knows that there is something to do."""
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    held = database.connect(path)
    held.execute("BEGIN IMMEDIATE")
    waiting = [threading.Event(), threading.Event()]
    failures: list[Exception] = []

    def bring_up(begun: threading.Event) -> None:
        connection = database.connect(path)
        connection.set_trace_callback(lambda sql: begun.set() if "BEGIN" in sql else None)
        try:
            migrations.upgrade(connection)
        except sqlite3.Error as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=bring_up, args=(one,)) for one in waiting]
    for thread in threads:
        thread.start()
    begun = [one.wait(20) for one in waiting]
    held.execute("COMMIT")
    held.close()
    for thread in threads:
        thread.join()

    assert begun == [True, True]
    assert failures == []
    with Store.open(path) as store:
        assert store.check() == []


def test_the_fixture_of_format_1_says_what_its_models_were_shown(path: Path) -> None:
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))

    with Store.open(path) as store:
        (shown,) = store.schema_registry().schemas
        _, rows = store.query("SELECT tool, trace_count, call_count FROM tool_schemas")

    assert (shown.tool, shown.dialect, shown.roles) == ("get_weather", "openai", ("shown",))
    assert rows == [("get_weather", 1, shown.call_count)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_reader_of_an_older_file_that_may_not_write_is_told_so(path: Path) -> None:
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        _told_to_copy_it(path)
    finally:
        path.parent.chmod(0o755)


def test_an_older_file_that_is_not_brought_up_to_date_still_reads(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(gzip.decompress(FIXTURE.read_bytes()))
    monkeypatch.setattr("replay.store.database.is_writable", lambda path: False)

    _told_to_copy_it(path)


def _told_to_copy_it(path: Path) -> None:
    with Store.open(path) as store:
        _, rows = store.query("SELECT count(*) FROM tool_schemas")
        assert rows == [(0,)]
        assert store.check() == []
        with pytest.raises(StoreError, match="Copy it to a folder that can be written"):
            store.schema_registry()


# -- the check ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tool_schema_rows SET trace_count = 7 WHERE tool = 'search'",
        "UPDATE tool_schema_rows SET model_call_count = 7 WHERE tool = 'search'",
        "UPDATE schema_calls SET call_count = 7",
        "DELETE FROM schema_traces",
    ],
)
def test_the_check_finds_counts_that_do_not_fit_the_rows(path: Path, statement: str) -> None:
    with Store.open(path, "create") as store:
        store.append(Trace(id="t1", started_at=at(0)))
        store.append(model_call("t1", 1, [SEARCH]))
        store.append(tool_call("t1", 2, "search", 1))
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()

    with Store.open(path) as store:
        problems = store.check()

    assert any("search" in problem.what for problem in problems), problems
