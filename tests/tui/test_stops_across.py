"""One breakpoint or watch looked for in all traces of the list, in their worlds too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stepping.order_traces import write_orders
from tests.tui.person import Person, use
from tests.tui.test_stops import typed
from tui.screens.stops_found import StopsFoundScreen

STATUS = "world.orders['W1'].status"


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two traces of orders, and a configuration that names their tools."""
    root = Path(__file__).parent.parent.parent
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(root))
    config = '[tool.replay]\ntools = "tests.stepping.order_tools:toolbox"\n'
    (tmp_path / "pyproject.toml").write_text(config)
    return write_orders(tmp_path / "orders.db")


@pytest.mark.slow
def test_where_a_value_of_the_world_changes_is_answered_across_the_traces(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 2")
        await person.press("K", "a", *typed(STATUS), "enter", "f")
        await person.sees("2 traces looked at   4 changes in 2 traces", "1 / 4 changes")
        lines = [line.split("│")[1].split() for line in person.screen.splitlines()[2:6]]
        assert [(one[0], one[1], one[-1]) for one in lines] == [
            ("orders-b", "4", '"sent"'),
            ("orders-a", "4", '"sent"'),
            ("orders-a", "10", '"lost"'),
            ("orders-a", "14", '"open"'),
        ]
        await person.press("y")
        await person.sees("copied", "changes as JSON")
        await person.press("slash", *"lost", "enter", "n", "N", "enter")
        await person.sees("stopped at 10")
        await person.press("q")
        await person.sees("1 / 4 changes" if False else " / 4 changes")

    use(orders, script)


@pytest.mark.slow
def test_a_breakpoint_on_the_world_stops_in_the_list_of_traces(orders: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 2")
        await person.press("B", "a", *typed(f"{STATUS} == 'lost'"), "enter", "q")
        await person.press("c")
        await person.sees("orders-a  step 10: ● 1 world.orders['W1'].status == 'lost'")
        await person.press("enter")
        await person.sees("stopped at 10")
        await person.press("q", "c")
        await person.sees("no more traces that differ or hit a breakpoint below this one")
        # The filter says which traces are looked at.
        await person.press("f", *"tool:drop", "enter", "B", "f")
        await person.sees("1 trace looked at   4 stops in 1 trace", "in 1 trace · tool:drop")

    use(orders, script)


@pytest.mark.slow
def test_without_tools_it_says_of_how_many_traces_the_world_is_not_known(
    orders: Path,
) -> None:
    (orders.parent / "pyproject.toml").write_text("")

    async def script(person: Person) -> None:
        await person.sees("1 / 2")
        await person.press("K", "a", *typed(STATUS), "enter", "f")
        await person.sees(
            "2 traces looked at   0 changes in 0 traces   the world of 2 traces is not known: "
            "Which tools?",
            "It changes nowhere.",
        )
        await person.press("q", "q", "B", "a", *typed(f"{STATUS} == 'lost'"), "enter", "q", "c")
        await person.sees("below this one   the world of 1 trace is not known: Which tools?")

    use(orders, script)


@pytest.mark.slow
def test_esc_ends_the_look_and_leaves_no_process(orders: Path) -> None:
    """The tools hold: without esc the look would never end."""
    tools = (Path(__file__).parent.parent / "stepping" / "order_tools.py").read_text()
    held = tools.replace('"""Give an order another status."""', "while True: pass")
    (orders.parent / "held_tools.py").write_text(held)
    config = '[tool.replay]\ntools = "held_tools:toolbox"\ndeadline_ms = 60000\n'
    (orders.parent / "pyproject.toml").write_text(config)

    async def script(person: Person) -> None:
        await person.sees("1 / 2")
        await person.pilot.press("K", "a", *typed(STATUS), "enter", "f")
        await person.sees("looking… 0 of 2 traces", "esc ends it")
        screen = person.app.screen
        assert isinstance(screen, StopsFoundScreen)
        worlds = screen._worlds
        assert worlds is not None
        await person.pilot.press("escape")
        await person.sees("0 of 2 traces looked at")
        assert worlds._streams == {}
        await person.pilot.press("escape")
        await person.sees("1 watch")

    use(orders, script)
