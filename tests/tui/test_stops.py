"""Breakpoints and watches in a transcript: continue stops there, forwards and backwards."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from replay.records import ReplayRun
from replay.stepping.breakpoints import Breakpoint
from replay.store import Store
from tests.stepping.order_traces import moment, write_orders
from tests.tui.person import Person, use
from tui.rows.stops import stops_of
from tui.rows.trace_stops import TraceStops


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Two traces of orders that were not replayed: the tools are not known."""
    return write_orders(tmp_path / "orders.db")


@pytest.fixture
def replayed(orders: Path) -> Path:
    """The same, judged by a replay run whose tools can be imported again."""
    from tests.tui.records import verdict

    run = ReplayRun(
        id="run-1",
        started_at=moment(600),
        ended_at=moment(601),
        status="finished",
        toolbox="tests.stepping.order_tools:toolbox",
        options={"paths": [str(Path(__file__).parent.parent.parent)]},
    )
    with Store.open(orders, "w") as store:
        store.append_all(
            [
                run,
                *(
                    verdict("run-1", "orders-a", number, "same").model_copy(
                        update={"tool_call_id": f"orders-a-c{number // 2 - 1}"}
                    )
                    for number in range(2, 15, 2)
                ),
            ]
        )
    return orders


def status(person: Person) -> str:
    return person.screen.splitlines()[-2].strip()


def typed(text: str) -> list[str]:
    return [{" ": "space"}.get(char, char) for char in text]


def test_a_breakpoint_on_a_tool_is_set_seen_and_taken_away(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("t", "t", "b")
        assert "● breakpoint: tool == 'move'" in status(person)
        for number in (4, 10, 14):
            assert f"{number:>4}● ✓ move" in person.screen
        assert "8● " not in person.screen
        await person.press("c")
        assert "stopped at 10: ● 1 tool == 'move'" in status(person)
        await person.press("c", "c")
        assert "no more stops after this step" in status(person)
        await person.press("C", "C")
        assert "stopped at 4: ● 1 tool == 'move'" in status(person)
        await person.press("b")
        assert "no breakpoint any more on tool == 'move'" in status(person)
        assert "4● ✓ move" not in person.screen

    use(orders, script, trace="orders-a")


def test_a_breakpoint_on_a_value_is_made_of_the_value_under_the_cursor(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("t", "t", "3", "tab", "j", "j", "b")
        await person.sees("stop where payload.status == 'sent'")
        for _ in "sent'":
            await person.press("backspace")
        await person.press(*typed("lost'"), "enter")
        await person.press("g", "c")
        assert "stopped at 10: ● 1 payload.status == 'lost'" in status(person)

    use(orders, script, trace="orders-a")


@pytest.mark.slow
def test_a_condition_that_cannot_be_read_is_told_while_it_is_typed_and_asked_again(
    orders: Path,
) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("t", "B", "a", *typed("payload.total >"))
        assert "× column 16: A value is wanted after '>'" in status(person)
        await person.press("enter")
        assert "× column 16" in status(person)
        await person.press(*typed(" 1000"))
        assert "✓ looks at payload" in status(person)
        await person.press("enter")
        assert "1 ● payload.total > 1000" in person.screen
        await person.press("escape", "c")
        assert "no more stops after this step" in status(person)

    use(orders, script, trace="orders-a")


@pytest.mark.slow
def test_every_key_of_the_list_of_breakpoints_does_what_it_says(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("B")
        assert "No breakpoints: a adds one" in person.screen
        await person.press("h", "x", "t")  # nothing to do it to
        await person.press("a", *typed("tool == 'move'"), "enter")
        await person.press("a", *typed("outcome != 'ok'"), "enter")
        assert "2 ● outcome != 'ok'" in person.screen
        assert "2 breakpoints" in person.screen
        await person.press("t")
        assert "2 ○ outcome != 'ok'" in person.screen
        await person.press("t", "k", "h")
        await person.sees("hits each")
        for _ in "each":
            await person.press("backspace")
        await person.press("x")
        assert "says no hits" in status(person)
        await person.press("backspace", "percent_sign", "2", "enter")
        assert "1 ● tool == 'move'  hit %2" in person.screen
        assert "stops at every 2nd hit of a trace" in status(person)
        await person.press("enter")
        await person.sees("breakpoint tool == 'move'")
        await person.press("escape", "e", "end")
        await person.press(*typed(" and step > 1"), "enter")
        assert "1 ● tool == 'move' and step > 1  hit %2" in person.screen
        await person.press("y")
        assert json.loads(person.app.clipboard)[0]["hits"] == "%2"
        await person.press("j", "delete")
        assert "removed outcome != 'ok'" in status(person)
        await person.press("q", "c")
        assert "stopped at 10: ● 1 tool == 'move' and step > 1" in status(person)
        await person.press("c")
        assert "no more stops after" in status(person)

    use(orders, script, trace="orders-a")


@pytest.mark.slow
def test_breakpoints_are_kept_for_the_next_session_and_not_in_the_database(
    orders: Path, state_home: Path
) -> None:
    before = orders.read_bytes()

    async def set_one(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("t", "t", "b", "W", *typed("response.status"), "enter")

    async def find_it(person: Person) -> None:
        await person.sees("stopped at 1", "4● ✓ move", "Watches", "response.status")

    use(orders, set_one, trace="orders-a")
    (file,) = (state_home / "replay" / "stops").iterdir()
    use(orders, find_it, trace="orders-a")

    assert json.loads(file.read_text())["breakpoints"][0]["condition"] == "tool == 'move'"
    assert orders.read_bytes() == before
    assert stops_of(orders.parent / "other.db")[0].breakpoints == []


@pytest.mark.slow
@pytest.mark.parametrize("text", ["{", '{"version": 9}', '{"version": 1, "breakpoints": [{}]}'])
def test_kept_breakpoints_that_cannot_be_read_are_put_aside_and_told(
    orders: Path, state_home: Path, text: str
) -> None:
    file = stops_of(orders)[0].file
    file.parent.mkdir(parents=True)
    file.write_text(text)

    async def script(person: Person) -> None:
        await person.sees("cannot be read")
        await person.press("t", "b")
        assert "● breakpoint" in status(person)

    use(orders, script, trace="orders-a")

    assert file.with_suffix(".unreadable").read_text() == text
    assert len(stops_of(orders)[0].breakpoints) == 1


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_costs_only_the_keeping(
    orders: Path, state_home: Path
) -> None:
    state_home.write_text("a file stands here")

    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("t", "b")
        assert "could not be kept" in person.screen
        assert "2● ✓ look" in person.screen

    use(orders, script, trace="orders-a")


def test_a_watched_value_is_shown_at_each_step_and_its_changes_stop(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("t", "4", "tab", "j", "j", "W")
        await person.sees("watch response.status")
        await person.press("enter", "tab")
        await person.sees('response.status  "open"', "next change 4")
        await person.press("c")
        assert 'stopped at 4: ~ response.status "open" → "sent"' in status(person)
        await person.sees('~ response.status  "sent"', 'was "open"')
        await person.press("n")
        await person.sees('response.status  "sent"  since 4  next change 6')
        await person.press("G", "C")
        assert 'stopped at 10: ~ response.status "sent" → "lost"' in status(person)
        assert "14~ ✓ move" in person.screen

    use(orders, script, trace="orders-a")


@pytest.mark.slow
def test_a_watch_on_the_world_stops_at_its_changes_in_both_directions(replayed: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("W", *typed("world.orders['W1'].status"), "enter")
        await person.sees("world.orders['W1'].status  \"open\"", "next change 4")
        seen = []
        for key in "cccCC":
            await person.press(key)
            seen.append(status(person).split(":")[0])
        assert seen == [f"stopped at {number}" for number in (4, 10, 14, 10, 4)]
        assert "world.orders['W1'].status" in status(person)
        await person.press(
            "B", "a", *typed("world.orders.W2 and tool == 'look'"), "enter", "q", "c"
        )
        assert "stopped at 8: ● 1 world.orders.W2 and tool == 'look'" in status(person)

    use(replayed, script, trace="orders-a")


@pytest.mark.slow
def test_where_no_tools_are_known_the_world_says_what_to_do(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("W", *typed("world.orders"), "enter")
        await person.sees("The world is not known: Which tools?", "the world is not known")
        await person.press("W", *typed("response.status"), "enter", "c")
        await person.sees("stopped at 4: ~ response.status")

    use(orders, script, trace="orders-a")


@pytest.mark.slow
def test_every_key_of_the_list_of_watches_does_what_it_says(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        await person.press("K")
        assert "Nothing is watched" in person.screen
        await person.press("a", *typed("response.status"), "enter")
        assert "1 ~ response.status" in person.screen
        await person.press("t")
        assert "1   response.status  only shown" in person.screen
        await person.press("y")
        assert json.loads(person.app.clipboard) == [
            {"expression": "response.status", "stops": False}
        ]
        await person.press("q", "c")
        assert "nothing differs after this step" in status(person)
        await person.press("K", "e", "end", *typed(" == 'lost'"), "enter", "t", "escape", "c")
        assert "stopped at 10: ~ response.status == 'lost' false → true" in status(person)
        await person.press("K", "x", "q")
        assert "Watches" not in person.screen

    use(orders, script, trace="orders-a")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36)])
def test_watches_leave_room_for_the_steps_at_every_size(
    orders: Path, size: tuple[int, int]
) -> None:
    stops, _ = stops_of(orders)
    from replay.stepping.watches import Watch

    stops.watches = [Watch.of(f"payload.order == 'W{number}'") for number in range(9)]
    stops.save()

    async def script(person: Person) -> None:
        await person.sees("Steps", "Watches", "payload.order == 'W0'", "? help  q back")
        assert "stopped at 1" in person.screen
        assert person.app.screen.table.size.height >= 3

    use(orders, script, trace="orders-a", size=size)


def test_the_list_of_traces_goes_on_to_a_trace_that_a_breakpoint_stops_in(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 2")
        await person.press("c")
        await person.sees("no more traces that differ below this one")
        await person.press("B", "a", *typed("tool == 'drop'"), "enter", "q", "c")
        await person.sees("orders-a  step 12: ● 1 tool == 'drop'", "2 / 2")
        await person.press("enter")
        await person.sees("stopped at 12", "12● ✓ drop")
        await person.press("q")
        await person.sees("orders-a  7 model calls")  # the line beneath the list is written
        await person.press("C")
        await person.sees("no more traces that differ or hit a breakpoint above this one")

    use(orders, script)


@pytest.mark.slow
def test_the_list_of_traces_stops_at_differences_and_looks_into_payloads(
    database: Path,
) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("c")
        await person.sees("b-trip  differs today")
        await person.press("B", "a", *typed("error.message contains 'left' and step == 4"), "enter")
        await person.press("q", "c")
        await person.sees("a-trip  step 4: ● 1 error.message")
        await person.press("C", "C")
        await person.sees("c-trip  step 4: ● 1 error.message")

    use(database, script)


@pytest.mark.slow
def test_a_search_over_many_traces_is_ended_by_escape(orders: Path) -> None:
    stops, _ = stops_of(orders)
    stops.breakpoints = [Breakpoint.of("payload.x == 'nowhere'")]
    stops.save()

    async def script(person: Person) -> None:
        await person.sees("1 / 2")
        started, go = threading.Event(), threading.Event()

        def waits(
            self: TraceStops, keys: Any, start: int, direction: int, on_progress: Any
        ) -> None:
            started.set()
            go.wait(10)
            on_progress(5)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TraceStops, "next_stop", waits)
            await person.pilot.press("c")
            await asyncio.to_thread(started.wait, 10)
            await person.sees("looking for the next stop…")
            await person.pilot.press("escape")
            go.set()
            await person.sees("stopped looking")
        await person.press("c")
        await person.sees("no more traces that differ or hit a breakpoint")

    use(orders, script)
