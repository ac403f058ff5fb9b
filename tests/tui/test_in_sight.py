"""What must stay in sight in small terminals: a verdict and its cause, columns' names, a way on."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import StoreError
from replay.records import Change, Verdict
from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.records import changed, interaction, replay_run, trip, write
from tests.tui.snapshot_acting import RUN, branch_run
from tui.views.entries import Entry
from tui.widgets.outline import Outline

SIZES = [(80, 24), (60, 16)]


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A call whose first change is far below the beginning of its answer."""
    path = tmp_path_factory.mktemp("long") / "traces.db"
    run, verdict, finding = replay_run()[0], changed("run-1", "b-trip", 3), replay_run()[-1]
    told = verdict.replayed
    assert told is not None
    errors = [{"loc": [f"field_{at}"], "msg": "Field required"} for at in range(3)]
    note = " ".join(f"word{at}" for at in range(60))
    more = {"schema_errors": errors, "note": note, "verdict": Verdict.RESPONSE_CHANGED}
    many = {f"key_{at:02d}": {"value": at} for at in range(30)}
    from json import dumps

    trace = trip("b-trip", 60)
    trace[3] = trace[3].model_copy(update={"response": dumps({**many, "z": 1})})
    told = told.model_copy(update={"response": dumps({**many, "z": 2})})
    changes = [Change(path="z", change="changed", recorded=1, replayed=2)]
    more |= {"replayed": told, "changes": changes}
    write(path, *trace, run, verdict.model_copy(update=more), finding, interaction("b-trip"))
    return path


async def into_detail(person: Person) -> None:
    """Where one pane is shown, a trace that differs opens in it."""
    if not person.app.screen.has_class("-in-detail"):
        await person.press("tab")


@pytest.mark.parametrize("size", SIZES)
def test_a_verdict_and_its_cause_stay_while_what_is_below_them_is_read(
    long: Path, size: tuple[int, int]
) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await into_detail(person)
        for keys in ((), ("space",), ("G",), ("k", "k", "k")):
            await person.press(*keys)
            await person.sees("≠ changed   `z` differs (1 → 2)", "cause  today's code answers")
        await person.sees("lines above")
        await person.press("g")
        await person.sees("ended  ok → ok")
        await person.sees_no("above")

    use(long, script, trace="b-trip", size=size)


@pytest.mark.parametrize("size", SIZES)
def test_a_finding_keeps_its_title_and_cause_and_shows_the_first_change(
    long: Path, size: tuple[int, int]
) -> None:
    async def script(person: Person) -> None:
        await person.press("r", "enter", "tab")
        await person.sees("get_weather: `temperature` is now", "∅ field_0")
        await person.press("G")
        await person.sees("get_weather: `temperature` is now")

    use(long, script, size=size)


def numbered(many: int, *, change: int) -> list[Entry]:
    head = [Entry((("verdict", ""),)), Entry((("cause", ""),)), Entry((("", ""),))]
    rest = [Entry(((f"line {at}", ""),), is_change=at == change) for at in range(many)]
    return [*head, *rest]


def test_every_line_below_a_head_that_stays_can_be_reached_and_clicked(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        outline = person.app.screen.query_one(Outline)
        outline.focus()
        outline.show(numbered(100, change=50), at_change=True, is_headed=True)
        await person.sees("│  verdict", "│  cause", "lines above", "line 50")
        seen = [line for line in person.screen.splitlines() if "line 5" in line]
        assert "line 49" in person.screen
        assert outline.line_text(outline.cursor) == "line 50"
        await person.press("k", "k", "k", "k", "k", "k")
        assert f"line {50 - 6}" in person.screen
        y = next(y for y in range(outline.size.height) if outline._index_at(y) == outline.cursor)
        await person.pilot.click(Outline, offset=(5, y + 1))
        await person.settle()
        assert outline.line_text(outline.cursor) == f"line {50 - 5}"
        await person.press("G")
        await person.sees("line 99", "│  verdict")
        await person.press("g")
        await person.sees("line 0")
        assert seen

    use(database, script, trace="b-trip", size=(80, 24))


def test_where_all_is_seen_nothing_is_above(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3", "cause", "degrees")
        assert "above" not in person.screen

    use(database, script, trace="b-trip", size=(120, 36))


# -- names of columns -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [*SIZES, (120, 36)])
def test_places_that_a_value_came_from_stand_below_their_names_in_order(
    database: Path, size: tuple[int, int]
) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await into_detail(person)
        await person.press("4", "j", "j", "w")
        await person.sees("Where it came from")
        lines = person.screen.splitlines()
        assert lines[1].split()[:4] == ["step", "part", "of", "at"]
        rows = [line for line in lines if line.startswith("│") and line[1:6].strip().isdigit()]
        steps = [int(line[1:6]) for line in rows]
        assert steps == sorted(steps)
        assert len(steps) > 2
        for name, column in (("part", 2), ("of", 3)):
            at = lines[1].index(f" {name} ") + 1
            assert rows[0][at : at + 3] == rows[0].split()[column][:3]

    use(database, script, trace="b-trip", size=size)


@pytest.mark.parametrize("size", [*SIZES, (120, 36)])
def test_the_calls_of_an_edited_branch_stand_below_their_names(
    database: Path, size: tuple[int, int]
) -> None:
    with Store.open(database, "w") as store:
        store.append(branch_run())

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("I")
        await person.sees("Edited branch")
        lines = person.screen.splitlines()
        names = lines[1]
        row = next(line for line in lines if line.startswith("│✎"))
        assert names.split()[:4] == ["step", "tool", "today", "edited"]
        assert row[names.index("tool") :].startswith("get")
        assert row[names.index("today") :].startswith("≠ changed")
        assert row[names.index("edited") :].startswith("≠ changed")

    use(database, script, trace="b-trip", size=size)


# -- what is gone ---------------------------------------------------------------------------------


def test_a_branch_that_is_removed_while_it_is_looked_at_says_what_to_do(database: Path) -> None:
    with Store.open(database, "w") as store:
        store.append(branch_run())

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("I")
        await person.sees("against the recording")
        with Store.open(database, "w") as store:
            store.delete_run(RUN)
        await person.sees("This edited branch is no longer in the database", "i edits the call")
        await person.sees("× this branch was removed   q goes back")
        await person.press("k")
        await person.sees("This edited branch is no longer", "× this branch was removed")
        await person.press("q")
        await person.sees("stopped at 3")

    use(database, script, trace="b-trip")


@pytest.mark.parametrize("size", [0, 1_000_000])
def test_a_detail_that_cannot_be_read_says_why_in_its_place(database: Path, size: int) -> None:
    def cannot() -> list[Entry]:
        raise StoreError("This step is no longer in the database.", hint="Go back.")

    async def script(person: Person) -> None:
        await person.sees("stopped at 3", "degrees")
        person.app.screen.show_entries(cannot, size=size)
        await person.sees("│× This step is no longer" if size < 0 else "This step is no longer")
        await person.sees_no("degrees")
        assert person.screen.count("This step is no longer") == 2  # there, and in the last line

    use(database, script, trace="b-trip", size=(80, 24))


def test_where_nothing_more_differs_the_way_on_is_said_wherever_one_came_from(
    database: Path,
) -> None:
    async def script(person: Person) -> None:
        await person.press("r", "enter", "enter")
        await person.sees("stopped at 3")
        await person.press("c")
        await person.sees("nothing differs after this step   q goes back")

    use(database, script, size=(60, 16))
