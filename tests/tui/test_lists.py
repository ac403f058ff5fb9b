"""The list of traces: sorted, searched, narrowed by what there is, and stopped while it looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from replay.records import Trace
from tests.tui.person import Person, use
from tests.tui.records import moment, tool_call, trip, write
from tui.rows.database import Database
from tui.rows.facets import Facets, narrowed
from tui.rows.filters import parse_filter
from tui.rows.sorting import SORT_NAMES, TraceSort
from tui.rows.traces import TraceList
from tui.theme import DARK, LIGHT
from tui.widgets.outline import Outline


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Traces that every order tells apart: by start a, b, c, d; the busiest and worst is b."""
    path = tmp_path_factory.mktemp("mixed") / "traces.db"
    quiet = Trace(id="a-none", app="zoo", started_at=moment(0), labels={"team": "search"})
    busy = [*trip("b-trip", 60), tool_call("b-trip", 6, "book", outcome="failed")]
    fine = [Trace(id="c-fine", started_at=moment(120)), tool_call("c-fine", 1, "get_weather")]
    named = Trace(id="d-none", app="Bank", started_at=moment(180), labels={"team": "pay & go"})
    write(path, quiet, *busy, *fine, named)
    return path


def found(path: Path, text: str = "", sort: TraceSort | None = None) -> list[str]:
    database = Database.open(path)
    traces = TraceList(database, parse_filter(text), sort)
    traces.find()
    ids = [line.id for at in range(len(traces)) if (line := traces.line(at)) is not None]
    database.close()
    return ids


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("started", ["d-none", "c-fine", "b-trip", "a-none"]),
        ("not ok", ["b-trip", "d-none", "c-fine", "a-none"]),
        ("calls", ["b-trip", "c-fine", "d-none", "a-none"]),
        ("trace", ["a-none", "b-trip", "c-fine", "d-none"]),
        ("app", ["d-none", "c-fine", "b-trip", "a-none"]),
        ("model", ["b-trip", "d-none", "c-fine", "a-none"]),
    ],
)
def test_each_column_sorts_and_ties_are_newest_first(
    mixed: Path, name: str, order: list[str]
) -> None:
    assert found(mixed, sort=TraceSort(name)) == order
    turned = found(mixed, sort=TraceSort(name).reversed())
    assert turned[0] != order[0] or name == "model"
    assert sorted(turned) == sorted(order)


def test_every_order_pages_without_an_offset(mixed: Path) -> None:
    database = Database.open(mixed)
    asked: list[str] = []
    database._connection.set_trace_callback(asked.append)
    for name in SORT_NAMES:
        traces = TraceList(database, parse_filter("tool:get_weather"), TraceSort(name))
        traces.find()
        traces.line(1)
    database.close()

    assert asked
    assert "OFFSET" not in " ".join(asked).upper()


@pytest.mark.slow
def test_s_sorts_by_the_next_column_and_capital_s_turns_round(mixed: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("started↓", "1 / 4")
        await person.press("s")
        await person.sees("trace↑", "by trace ↑")
        assert person.app.screen.line_here().id == "a-none"
        await person.press("s", "s", "s", "s")
        await person.sees("not ok↓", "b-trip")
        assert person.app.screen.line_here().id == "b-trip"
        await person.press("S")
        await person.sees("not ok↑")
        assert person.app.screen.line_here().id != "b-trip"
        await person.press("F")
        await person.sees("started↓", "follow")

    use(mixed, script)


@pytest.mark.slow
def test_slash_finds_a_text_and_n_goes_round_the_end(mixed: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 4")
        await person.press("n")
        await person.sees("nothing is searched for")
        await person.press("slash", *"none", "enter")
        await person.sees("/none", "n next")
        screen = person.app.screen
        assert screen.line_here().id == "d-none"
        await person.press("n")
        assert screen.line_here().id == "a-none"
        await person.press("n")
        assert screen.line_here().id == "d-none"
        await person.press("N")
        assert screen.line_here().id == "a-none"
        await person.press("slash", *"zebra", "enter")
        await person.sees("no trace here holds 'zebra'")
        await person.press("escape")
        assert screen.table.needle == ""
        assert len(person.app.screen_stack) == 2

    use(mixed, script)


def test_the_facets_say_how_many_traces_each_value_leaves(mixed: Path) -> None:
    database = Database.open(mixed)
    facets = {facet.name: dict(facet.values) for facet in Facets(database, None).read()}
    among = TraceList(database, parse_filter("app:trip"))
    among.find()
    of_trip = {facet.name: dict(facet.values) for facet in Facets(database, among.keys).read()}
    database.close()

    assert facets["tool"] == {"get_weather": 2, "book": 1}
    assert facets["outcome"] == {"failed": 1}
    assert facets["label"] == {"team=search": 1, "team=pay & go": 1}
    assert of_trip["tool"] == {"get_weather": 1, "book": 1}
    assert "label" not in of_trip
    for name, values in facets.items():
        for value, number in values.items():
            assert len(found(mixed, narrowed(parse_filter(""), name, value))) == number


def test_the_verdicts_of_the_facets_are_those_of_the_filter(database: Path) -> None:
    opened = Database.open(database)
    facets = {facet.name: dict(facet.values) for facet in Facets(opened, None).read()}
    opened.close()

    assert facets["verdict"] == {"response_changed": 1}
    assert found(database, "verdict:response_changed") == ["b-trip"]


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("", "tool", "book", "tool:book"),
        ("tool:get_weather oslo", "tool", "book", "oslo tool:book"),
        ("label:a=1", "label", "b=2 3", "label:a=1 label:'b=2 3'"),
        ('"two words"', "app", "it's", "'two words' app:'it'\"'\"'s'"),
    ],
)
def test_choosing_a_value_narrows_the_filter(
    before: str, name: str, value: str, after: str
) -> None:
    text = narrowed(parse_filter(before), name, value)

    assert text == after
    assert parse_filter(text).text == after


@pytest.mark.slow
def test_a_facet_that_is_chosen_narrows_the_list(mixed: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 4")
        await person.press("x")
        await person.sees("tools called", "get_weather", "labels", "team=pay & go")
        await person.sees("enter shows only tool:get_weather")
        await person.press("right_square_bracket", "right_square_bracket")
        await person.sees("enter shows only outcome:failed")
        await person.press("left_square_bracket")
        await person.sees("enter shows only model:small-1")
        await person.press("right_square_bracket", "enter")
        await person.sees("1 / 1 of 4 · outcome:failed")
        assert person.app.screen.line_here().id == "b-trip"
        await person.press("escape")
        await person.sees(" / 4 ")

    use(mixed, script)


@pytest.mark.slow
def test_esc_ends_a_search_that_takes_long_and_keeps_what_it_found(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = TraceList.find
    go_on = threading.Event()

    def slow(self: TraceList, on_progress: Callable[[], None] | None = None) -> None:
        if not self.wanted:
            plain(self, on_progress)
            return
        self.keys.append(2)
        assert on_progress is not None
        on_progress()
        while not self.is_stopped:
            time.sleep(0.01)
        go_on.set()

    monkeypatch.setattr(TraceList, "find", slow)

    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.pilot.press("f", *"weather", "enter")
        await person.sees("searching… 1 so far", "esc stops", "1 / 1… of 3 · weather")
        await person.pilot.press("escape")
        await person.sees("stopped: 1 found so far")
        assert go_on.wait(5)
        await person.press("escape")
        await person.sees(" / 3 ")

    use(database, script)


def test_an_interrupted_question_is_no_error(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Database.open(database)
    traces = TraceList(opened, parse_filter("nothing-like-it"))

    def stopping(*_: object) -> bool:
        traces.stop()  # as Esc does from another thread, while SQLite looks
        return False

    monkeypatch.setattr("replay.store.contents.ContentReader.holds_text", stopping)
    traces.find()
    opened.close()

    assert traces.is_stopped
    assert not traces.is_complete


@pytest.mark.slow
@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36), (300, 100)])
def test_the_facets_draw_at_every_size(mixed: Path, size: tuple[int, int]) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 4")
        await person.press("x")
        await person.sees("tools called", "get_weather", "? help  q back")
        assert all(len(line) <= size[0] for line in person.screen.splitlines())

    use(mixed, script, size=size)


def test_every_list_says_where_in_it_one_is_and_an_empty_one_why_it_is(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("f", *"zzz", "enter")
        await person.sees("│No trace fits: f changes the filter, esc clears it.", "0 of 3 · zzz")
        await person.press("escape", "r")
        await person.sees("1 / 1 run")
        await person.press("enter")
        await person.sees("1 / 1 finding")
        await person.press("q", "q", "m", "j")
        await person.sees("2 / 2 rows · by calls")
        await person.press("q", "x")
        await person.sees("1 / 7 values")
        await person.press("k")  # the name of a group is no value
        await person.sees("─ 7 values ─")
        await person.press("q", "B")
        await person.sees("─ 0 breakpoints ─", "No breakpoints: a adds one")
        await person.press("a", *"step > 1", "enter", "a", *"step > 2", "enter")
        await person.sees("2 / 2 breakpoints")
        await person.press("q", "v")
        await person.sees("tool 1 of 1")

    use(database, script)


def test_the_other_theme_colours_what_is_there_anew(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.press("3")
        await person.sees('"city"')
        outline = person.app.screen.query_one(Outline)

        def colours() -> set[str]:
            row = next(at for at in range(9) if '"city"' in outline.line_text(at))
            styles = [segment.style for segment in outline.render_line(row)]
            return {style.color.name for style in styles if style and style.color}

        assert DARK.variables["json-key"] in colours()
        await person.press("f2")
        assert LIGHT.variables["json-key"] in colours()
        assert DARK.variables["json-key"] not in colours()

    use(database, script, trace="b-trip")
