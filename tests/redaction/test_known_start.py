"""A world that is made of a person is made again, though the recording no longer names him."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from replay import Recorder
from replay.replayer import Isolation, Replayer
from replay.store import Store
from replay.tools.loading import load_toolbox
from tests.redaction.conftest import everything
from tests.redaction.test_planted_secrets import files_of

HERE = Path(__file__).parent


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tools, with their data in a folder."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("PEOPLE", str(tmp_path / "data"))
    monkeypatch.syspath_prepend(str(HERE))
    sys.modules.pop("people_tools", None)
    load_toolbox("people_tools:toolbox")
    tools = sys.modules["people_tools"]
    tools.write_people(tmp_path / "data")
    return tools


def recorded(people: Any, database: Path, ways: Iterable[str]) -> Path:
    """Record a trace for each way to make a world, each about another person."""
    database.parent.mkdir()
    *persons, other = people.persons(20)

    async def converse() -> None:
        with Recorder(database, mask="personal") as recorder:
            for way, who in zip(ways, persons, strict=False):
                start = {"way": way, "email": who["email"], "phone": who["phone"]}
                if way == "a key":
                    start = {"way": way, "roles": {who["email"]: ["owner"]}}
                if way == "packed":
                    start = {"way": way, "packed": people.packed(who)}
                people._made = 0
                with recorder.trace(id=way, start=start):
                    async with people.toolbox.session(start):
                        await people.toolbox.dispatch(ask("whoami", {}))
                        await people.toolbox.dispatch(ask("find", {"email": other["email"]}))

    asyncio.run(converse())
    return database


def ask(tool: str, arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a model says that calls a tool."""
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return [{"id": f"call_{tool}", "type": "function", "function": function}]


def verdicts(database: Path, **options: Any) -> dict[str, str]:
    """Replay, and return the verdict of each call, or why there is none."""
    environment = {"PEOPLE": str(database.parents[1] / "data"), **options.pop("environment", {})}
    with Store.open(database, "w") as store:
        run = Replayer(
            store,
            toolbox="people_tools:toolbox",
            folder=HERE,
            jobs=1,
            environment=environment,
            **options,
        ).run()
        return {
            f"{one.trace_id}: {one.tool}": one.note or str(one.verdict)
            for one in store.verdicts(run.id)
        }


def left(people: Any, database: Path) -> list[str]:
    """Return the values that stand in what can be read of a database, or in its files."""
    with Store.open(database) as store:
        told = everything(store)
    told += b"".join(files_of(database).values()).decode("utf-8", "replace")
    values = [one[name] for one in people.persons(20) for name in ("email", "phone")]
    return [one for one in values if one in told]


@pytest.mark.parametrize("isolation", ["trace", "call", "process"])
def test_a_world_that_is_looked_up_by_what_was_masked_is_made_as_it_was(
    tmp_path: Path, people: Any, isolation: str
) -> None:
    ways = [one for one in people.WAYS if isolation == "trace" or one == "json"]
    database = recorded(people, tmp_path / "masked" / "traces.db", ways)

    found = verdicts(database, isolation=Isolation(isolation))

    assert {name: one for name, one in found.items() if one != "same"} == {}
    assert len(found) == 2 * len(ways)
    assert left(people, database) == []


def test_tools_with_threads_make_it_too(tmp_path: Path, people: Any) -> None:
    """Their process cannot fork, so its modules see the world made twice."""
    database = recorded(people, tmp_path / "masked" / "traces.db", ["rows"])

    found = verdicts(database, environment={"PEOPLE_THREAD": "1"})

    assert found == {"rows: whoami": "response_changed", "rows: find": "same"}
    assert left(people, database) == []


def test_of_a_person_whom_todays_data_do_not_have_it_says_that_he_was_masked(
    tmp_path: Path, people: Any
) -> None:
    database = recorded(people, tmp_path / "masked" / "traces.db", ["json"])
    (tmp_path / "data" / "people.json").write_text("{}")

    found = verdicts(database)

    told = set(found.values())
    assert [one.startswith("The world could not be made: KeyError: ") for one in told] == [True]
    assert "What it is made of was masked, and stands for nothing that" in told.pop()
    assert left(people, database) == []
