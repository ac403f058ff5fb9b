"""Keys that come faster than the screen: each does what it would have done with time between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from replay.store import Store
from tests.tui.person import Person, use
from tui.screens.findings import FindingsScreen


def test_a_prompt_has_the_keys_typed_after_the_one_that_opens_it_and_its_screen(
    database: Path,
) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("down")
        await person.type_fast("enter", "a", *"rstq")
        await person.sees("approve get_weather", "why? rstq")
        await person.type_fast("escape", "8", "g", "R", "a", *"why")
        await person.sees("approve: why? why")
        assert isinstance(person.app.screen, FindingsScreen)

    use(database, script)


def test_enter_closes_a_prompt_for_the_keys_behind_it(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.type_fast("colon", *"2", "enter", "n", "n", "f", *"hello")
        await person.sees("feedback on step 4: hello")
        await person.type_fast("ctrl+u", *"good nice", "enter", "f", *"more", "escape", "p")
        await person.sees("Steps 3/5", "kept of step 4: rating good, note nice")
        await person.sees_no("feedback on")

    use(database, script, trace="b-trip")
    with Store.open(database) as store:
        (said,) = store.transcript("b-trip").feedback
    assert (said.step_number, said.label, said.text) == (4, "good", "nice")


def test_a_paste_goes_to_the_prompt_that_was_opened_right_before_it(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.type_fast("slash", ("sky",), "enter", "f")
        await person.sees("feedback on step 3:")

    use(database, script, trace="b-trip")


def test_ctrl_c_closes_a_prompt_and_on_a_screen_it_ends_the_program(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("f", *"half", "ctrl+c")
        await person.sees("nothing said")
        assert person.app.is_running
        await person.press("ctrl+c")
        assert person.app._exit

    use(database, script, trace="b-trip")


# -- yes or no ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "is_taken_back"),
    [("n", False), ("escape", False), ("ctrl+c", False), ("y", True), ("enter", True)],
)
def test_one_key_says_whether_an_approval_is_taken_back(
    approved: Path, keys: str, is_taken_back: bool
) -> None:
    async def script(person: Person) -> None:
        await person.sees("≈ approved")
        await person.press("g", "j", "j", "a")
        await person.sees("take that back? y or n", "y enter take it back", "n esc leave it")
        await person.press("x")
        await person.sees("y or n   x is neither")
        await person.type_fast(keys)
        await person.sees("≠ changed" if is_taken_back else "still approved")

    use(approved, script, trace="b-trip")
    with Store.open(approved) as store:
        assert bool(store.approvals()) is not is_taken_back


def test_no_written_out_is_a_no_and_no_command(approved: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("≈ approved")
        await person.type_fast("g", "j", "j", "a", *"no", "enter", "n")
        await person.sees("stopped at 4")

    use(approved, script, trace="b-trip")
    with Store.open(approved) as store:
        assert store.approvals()


def test_no_is_no_reason_to_approve_or_pin(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("a", *"no", "enter")
        await person.sees("nothing done: it is not approved")
        await person.press("P", *"N", "enter")
        await person.sees("nothing done: it is not pinned")
        await person.press("R", "a", *"no", "enter")
        await person.sees("nothing done: it is not approved")

    use(database, script, trace="b-trip")
    with Store.open(database) as store:
        assert not list(store.approvals())


def test_a_reason_for_what_cannot_be_approved_is_no_command(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.type_fast("n", "a", *"rst", "enter")
        await person.sees("nothing to approve: it is as it was recorded")
        assert len(person.app.screen_stack) == 3

    use(database, script, trace="b-trip")


def test_of_a_run_under_way_a_asks_at_once_and_the_finding_is_looked_up_at_the_end(
    database: Path,
) -> None:
    with Store.open(database, "w") as store:
        (finding,) = store.findings("run-1")

    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        screen = person.app.screen
        looked_up = screen._finding  # type: ignore[attr-defined]  # a transcript's
        screen._finding = lambda: None  # type: ignore[attr-defined]  # as long as the run goes on
        await person.type_fast("a", *"one", "enter")
        await person.sees("nothing done: the run has no findings before its end")
        await person.type_fast("a", *"two")
        await person.sees("the run is under way", "approve: why? two")
        screen._finding = looked_up  # type: ignore[attr-defined]
        await person.press("enter")
        await person.sees("≈ approved")

    use(database, script, trace="b-trip")
    with Store.open(database) as store:
        (approval,) = store.approvals()
    assert (approval.signature, approval.note) == (finding.signature, "two")


def test_a_second_a_while_it_is_being_approved_says_so(database: Path) -> None:
    held: list[Any] = []

    async def script(person: Person) -> None:
        jobs = person.app.jobs
        jobs._next = lambda: held.append(jobs._soon[0])  # type: ignore[method-assign]  # it takes its time
        await person.sees("stopped at 3")
        await person.type_fast("a", *"meant", "enter", "a", "R", "a")
        await person.sees("one moment: it is being approved")
        assert not person.app.screen.prompt.is_asking  # type: ignore[attr-defined]  # of ours
        await person.press("q")
        await person.press("a")
        await person.sees("one moment: it is being approved")
        jobs._soon.clear()

    use(database, script, trace="b-trip")
    assert len(held) == 1


@pytest.fixture
def approved(database: Path) -> Path:
    """The database with its one difference approved."""
    from replay.cli.approvals import approvals_of

    with Store.open(database, "w") as store:
        store.append_all(approvals_of(store.findings("run-1")))
    return database
