from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.errors import ToolboxError
from replay.records import Outcome, Stage
from replay.tools import CallStart, Toolbox, run_call_sync
from replay.tools.translations import Translations


def calendar() -> Toolbox:
    toolbox = Toolbox("calendar")

    @toolbox.tool(name="create_event", version="1")
    def create_event_1(title: str, date: str) -> str:
        return f"1: {title} {date}"

    @toolbox.tool(name="create_event", version="3")
    def create_event_3(title: str, start: str, calendar: str) -> str:
        return f"3: {title} {start} {calendar}"

    @toolbox.translate("create_event", "1", "2")
    def rename(old: dict[str, Any]) -> dict[str, Any]:
        old["start"] = old.pop("date")
        return old

    @toolbox.translate("create_event", "2", "3")
    def add_calendar(old: dict[str, Any]) -> dict[str, Any]:
        return {**old, "calendar": "main"}

    return toolbox


def test_old_arguments_are_translated_over_several_versions() -> None:
    result = run_call_sync(
        calendar(),
        tool="create_event",
        arguments='{"title":"Lunch","date":"May 1"}',
        arguments_version="1",
    )

    assert result.response == "3: Lunch May 1 main"
    assert result.tool_version == "3"
    assert result.payload == {"title": "Lunch", "start": "May 1", "calendar": "main"}
    assert result.notes == ["Arguments translated: version 1 → 2 → 3."]
    assert Stage.TRANSLATE in [one.stage for one in result.stages]


def test_arguments_of_the_same_version_are_left_alone() -> None:
    result = run_call_sync(
        calendar(), tool="create_event", arguments='{"title":"Lunch","date":"May 1"}'
    )

    assert result.outcome is Outcome.INVALID_ARGUMENTS
    assert result.notes == []


def test_a_version_that_no_translation_leaves_is_noted() -> None:
    result = run_call_sync(
        calendar(),
        tool="create_event",
        arguments='{"title":"a","start":"b","calendar":"c"}',
        arguments_version="0",
    )

    assert result.outcome is Outcome.OK
    assert result.notes == [
        "Recorded with version 0 of the tool, read by version 3 as it is: there is no "
        "translation between the two."
    ]


@pytest.mark.parametrize("translation", [lambda old: old["nothing"], lambda old: None])
def test_a_translation_that_fails_ends_the_call(translation: Any) -> None:
    toolbox = Toolbox()
    toolbox.add(lambda a: a, name="tool", version="2")
    toolbox.translate("tool", "1", "2")(translation)

    result = run_call_sync(toolbox, tool="tool", arguments='{"a": 1}', arguments_version="1")

    assert result.outcome is Outcome.INVALID_ARGUMENTS
    assert result.error is not None
    assert result.error.stage is Stage.TRANSLATE
    assert result.error.message.startswith("The translation from version 1 to 2")


def test_a_route_chooses_which_version_parses() -> None:
    toolbox = calendar()

    @toolbox.route
    def route(call: CallStart, versions: list[str]) -> str | None:
        assert versions == ["1", "3"]
        return "1" if "date" in call.arguments else None

    old = run_call_sync(toolbox, tool="create_event", arguments='{"title":"a","date":"b"}')
    new = run_call_sync(
        toolbox, tool="create_event", arguments='{"title":"a","start":"b","calendar":"c"}'
    )

    assert [old.response, new.response] == ["1: a b", "3: a b c"]
    assert [old.tool_version, new.tool_version] == ["1", "3"]


def test_a_route_to_nowhere_fails_the_call_with_what_there_is() -> None:
    toolbox = calendar()
    toolbox.route(lambda call, versions: "7")

    result = run_call_sync(toolbox, tool="create_event", arguments="{}")

    assert result.outcome is Outcome.FAILED
    assert "The route chose version '7' of create_event" in (result.response or "")


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), unique=True, max_size=20))
def test_a_chain_is_found_exactly_where_there_is_a_way(steps: list[tuple[int, int]]) -> None:
    translations = Translations()
    onward: dict[int, set[int]] = {}
    for old, new in steps:
        if old != new:
            translations.add("t", str(old), str(new), lambda payload: payload)
            onward.setdefault(old, set()).add(new)
    reached = {0}
    for _ in range(7):
        reached |= {new for old in reached for new in onward.get(old, ())}

    for goal in range(1, 7):
        chain = translations.chain("t", "0", str(goal))
        assert (chain is not None) == (goal in reached)
        if chain is not None:
            assert all(int(new) in onward[int(old)] for old, new in pairwise(chain.words))


def test_the_shortest_chain_is_taken() -> None:
    translations = Translations()
    for old, new in [("1", "2"), ("1", "3"), ("2", "5"), ("3", "4"), ("4", "5")]:
        translations.add("t", old, new, lambda payload: payload)

    chain = translations.chain("t", "1", "5")

    assert chain is not None
    assert (chain.words, chain.rival) == (["1", "2", "5"], ())


def test_two_translations_of_one_step_are_refused() -> None:
    toolbox = calendar()

    with pytest.raises(ToolboxError, match="two translations from version '1' to '2'"):
        toolbox.translate("create_event", "1", "2")(lambda old: old)


def test_a_name_and_version_can_be_registered_once() -> None:
    toolbox = calendar()

    with pytest.raises(ToolboxError, match="has a tool 'create_event' version '3' already"):
        toolbox.add(lambda: None, name="create_event", version="3")


def test_retries_need_an_idempotent_tool() -> None:
    with pytest.raises(ToolboxError, match="not idempotent"):
        Toolbox().add(lambda: None, name="pay", attempts_max=2)


def three_ways() -> Toolbox:
    """``book`` became ``reserve``, which has a second version; ``hold`` is an alias of it."""
    toolbox = Toolbox("travel")

    @toolbox.tool(version="2")
    def reserve(seat: str, count: int) -> str:
        return f"{count} x {seat}"

    @toolbox.translate("book", "1", "1", to="reserve")
    def renamed(old: dict[str, Any]) -> dict[str, Any]:
        return {"seat": old["place"]}

    @toolbox.translate("reserve", "1", "2", drops=["note"])
    def counted(old: dict[str, Any]) -> dict[str, Any]:
        return {"seat": old["seat"], "count": 1}

    @toolbox.translate("hold", None, "2", to="reserve")
    def held(old: dict[str, Any]) -> dict[str, Any]:
        return {**old, "count": 1}

    return toolbox


def test_a_renamed_tool_is_found_over_several_steps() -> None:
    result = run_call_sync(
        three_ways(), tool="book", arguments='{"place":"A1"}', arguments_version="1"
    )

    assert (result.response, result.tool, result.tool_version) == ("1 x A1", "reserve", "2")
    assert result.translation == ["book 1", "reserve 1", "reserve 2"]
    assert result.dropped == ["note"]
    assert result.notes == ["Arguments translated: book 1 → reserve 1 → reserve 2."]


def test_an_alias_needs_no_version_and_a_rename_does() -> None:
    toolbox = three_ways()

    held = run_call_sync(toolbox, tool="hold", arguments='{"seat":"B2"}')
    of_some_version = run_call_sync(
        toolbox, tool="hold", arguments='{"seat":"B2"}', arguments_version="7"
    )
    book = run_call_sync(toolbox, tool="book", arguments='{"place":"A1"}')

    assert held.response == of_some_version.response == "1 x B2"
    assert book.outcome is Outcome.UNKNOWN_TOOL


def test_a_chain_that_is_as_short_is_told() -> None:
    toolbox = Toolbox("t")
    toolbox.add(lambda a: a, name="f", version="4")
    for old, new in ("12", "13", "24", "34"):
        toolbox.translate("f", old, new)(dict)

    result = run_call_sync(toolbox, tool="f", arguments='{"a":"x"}', arguments_version="1")

    assert result.translation == ["1", "2", "4"]
    assert result.notes[1].startswith("Another chain is as short: 1 → 3 → 4.")


def test_drops_are_a_list_of_fields() -> None:
    with pytest.raises(ToolboxError, match="drops 'zone', which is one text"):
        Toolbox().translate("f", "1", "2", drops="zone")(dict)


def test_a_translation_may_change_what_it_gets_and_the_old_arguments_stay() -> None:
    chain = three_ways().translations.chain("book", "1", "2", to="reserve")
    toolbox = Toolbox()

    @toolbox.translate("f", "1", "2")
    def moved(old: dict[str, Any]) -> dict[str, Any]:
        old["inner"]["b"] = old["inner"].pop("a")
        return old

    given = {"inner": {"a": 1}}
    moving = toolbox.translations.chain("f", "1", "2")
    assert moving is not None
    assert moving.arguments(given) == {"inner": {"b": 1}}
    assert given == {"inner": {"a": 1}}
    assert chain is not None
    assert str(chain) == "book 1 → reserve 1 → reserve 2"
