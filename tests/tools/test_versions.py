"""Several versions of one tool: which one models see, which one runs, and what is said of each."""

from __future__ import annotations

from typing import Any

import pytest

from replay import Toolbox
from replay.errors import ToolboxError
from replay.records import CallResult, Outcome
from replay.tools import DIALECTS, run_call_sync


@pytest.fixture
def toolbox() -> Toolbox:
    toolbox = Toolbox("calendar")

    @toolbox.tool(name="create", version="1")
    def create_first(start: str) -> str:
        return f"1: {start}"

    @toolbox.tool(version="2")
    def create(starts_at: str) -> str:
        return f"2: {starts_at}"

    return toolbox


def call(toolbox: Toolbox, **arguments: Any) -> CallResult:
    return run_call_sync(toolbox, tool="create", arguments=arguments)


def test_models_see_the_last_version_in_every_dialect(toolbox: Toolbox) -> None:
    for dialect in DIALECTS:
        (shown,) = toolbox.schemas(dialect)
        assert "starts_at" in str(shown)
        assert "version" not in str(shown)


def test_the_last_version_runs_and_its_result_names_it(toolbox: Toolbox) -> None:
    ran, refused = call(toolbox, starts_at="9:00"), call(toolbox, start="9:00")

    assert (ran.outcome, ran.response, ran.tool_version) == (Outcome.OK, "2: 9:00", "2")
    assert (refused.outcome, refused.tool_version) == (Outcome.INVALID_ARGUMENTS, "2")
    assert ran.schema_hash == toolbox.versions("create")["2"].schema_hash


def test_a_route_runs_an_older_one_by_its_own_schema(toolbox: Toolbox) -> None:
    toolbox.route(lambda call, versions: "1" if '"start"' in call.arguments else None)

    ran = call(toolbox, start="9:00")

    assert (ran.response, ran.tool_version) == ("1: 9:00", "1")
    assert ran.schema_hash == toolbox.versions("create")["1"].schema_hash


def test_each_version_has_a_schema_of_its_own_also_where_they_are_written_alike() -> None:
    toolbox = Toolbox("a")
    for version in ("1", "2", None):
        toolbox.add(len, name="size", schema={"properties": {}}, version=version)

    ids = [schema.id for schema in toolbox.tool_schemas()]

    assert len(set(ids)) == 3
    assert [schema.tool_version for schema in toolbox.tool_schemas()] == ["1", "2", None]


@pytest.mark.parametrize(("version", "nearest"), [(2, "'2'"), (1.5, "'1.5'"), ("", None)])
def test_a_version_that_is_no_text_is_refused_at_once(version: Any, nearest: str | None) -> None:
    with pytest.raises(ToolboxError) as refused:
        Toolbox("a").tool(version=version)(len)

    assert f"Tool 'len' says version={version!r}: a version is a text." in str(refused.value)
    assert refused.value.nearest == nearest
