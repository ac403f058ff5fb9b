"""The keys of a transcript that act: each has a `replay` command do it, and shows what came."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from replay.records import Pin, pin_id
from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.records import moment
from tests.tui.shop import HOLDING, at_step, editor, held_records, let_go


@pytest.mark.slow
def test_r_replays_a_trace_with_the_tools_of_the_config_and_a_approves_a_difference(
    shop: Path,
) -> None:
    async def script(person: Person) -> None:
        await at_step(person, 6)
        await person.press("a")
        await person.sees("not replayed yet: r replays it")
        await person.press("r")
        await person.sees("this trace, tea", "shop:toolbox", "network blocked")
        await person.press("enter")
        await person.sees("replayed 3 calls", "≠ changed")
        await person.press("a", *"meant", "enter")
        await person.sees("approved: receipt", "until it changes again", "≈ approved")
        await person.press("a")
        await person.sees("it is approved: take that back?")
        await person.press("escape")
        await person.sees("still approved")

    use(shop, script, trace="tea")
    with Store.open(shop) as store:
        assert [one.note for one in store.approvals()] == ["meant"]
        assert store.run("latest").status == "finished"


@pytest.mark.slow
def test_the_dialog_names_other_traces_another_parser_and_other_tools(shop: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at")
        await person.press("r")
        await person.sees("this trace, tea")
        await person.press("s")
        await person.sees("what is pinned")
        await person.press("s")
        await person.sees("all traces of the database")
        await person.press("v")
        await person.sees("parser    arguments are read strictly")
        await person.press("t", "ctrl+u", *"nowhere:toolbox", "enter")
        await person.sees("nowhere:toolbox")
        await person.press("enter")
        await person.sees("× ", "nowhere")
        await person.press("escape")
        await person.sees("stopped at")

    use(shop, script, trace="tea")


@pytest.mark.slow
def test_a_replay_is_hidden_shown_and_stopped_and_what_is_done_is_kept(
    shop: Path, tmp_path: Path
) -> None:
    with Store.open(shop, "w") as store:
        store.append_all(held_records(tmp_path / "never"))

    async def script(person: Person) -> None:
        await person.sees("stopped at 1")
        for key in ("r", "enter"):
            await person.pilot.press(key)
            await person.pilot.pause()
        await person.sees("◐ replaying this trace, long")
        await person.pilot.press("h")
        await person.sees("stopped at 1", "◐ replaying this trace, long", "H shows it")
        await person.pilot.press("H")
        await person.sees("esc stops, h hides")
        await person.pilot.press("escape")
        await person.sees("Stopped before the first trace was judged")
        await person.sees_no("◐ replaying")

    use(shop, script, trace="long", is_settled=False)
    with Store.open(shop) as store:
        assert store.check() == []


@pytest.mark.slow
def test_i_edits_the_arguments_and_shows_the_branch_beside_the_original(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, """sed -i 's/"count": 2/"count": 5/' "$1" """)

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("i")
        await person.sees("what if", "✎", "≠", '"count": 5', "2 calls of 3 differ by it")
        await person.press("n")
        await person.sees("stood in an answer that no longer says it")
        await person.press("q")
        await person.sees("stopped at 4")
        await person.press("I")
        await person.sees("the arguments of step 4 edited")
        await person.press("q", "q", "r")
        await person.sees("what if shop:toolbox")
        await person.press("enter")
        await person.sees("the arguments of step 4 edited")

    use(shop, script, trace="tea")
    with Store.open(shop) as store:
        assert store.runs() == []
        (call,) = [one for one in store.transcript("tea").steps if one.step_number == 4]
        assert json.loads(call.arguments)["count"] == 2  # type: ignore[union-attr]  # a tool call


@pytest.mark.slow
def test_in_a_branch_i_edits_again_from_what_was_edited_and_v_compares_it(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sed = 's/"count": 2/"count": 5/; t; s/"count": 5/"count": 6/'
    editor(tmp_path, monkeypatch, f"""sed -i '{sed}' "$1" """)

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("i")
        await person.sees("what if", '"count": 5')
        await person.press("i")
        await person.sees("what if", '"count": 6')
        assert len(person.app.screen_stack) == 4  # in the place of the first branch
        await person.press("v")
        await person.sees("Recorded and today", '"count": 2', '"count": 6')
        monkeypatch.setenv("EDITOR", "true")
        await person.press("q", "i")
        await person.sees("not edited: the branch stays as it is")
        editor(tmp_path, monkeypatch, 'echo "{" > "$1"')
        await person.press("i")
        await person.sees("× not JSON", "back into the editor? y or n")
        await person.press("n", "q")
        await person.sees("stopped at 4")

    use(shop, script, trace="tea")
    with Store.open(shop) as store:
        newest, _ = store.runs(what_ifs=True)
        assert newest.branch is not None
        (edit,) = newest.branch.edits
        assert edit.recorded == {"item": "tea", "count": 2}
        assert edit.edited == {"item": "tea", "count": 6}


@pytest.mark.slow
def test_a_branch_that_was_watched_or_left_is_shown_or_told_of_and_nothing_stays_over(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What H showed stayed beneath the branch, and offered to replay with tools of no name.

    The tool holds until the test has looked: a branch that is run in a moment would be there first.
    """
    editor(tmp_path, monkeypatch, 'sed -i \'s/"count": 2/"count": 5/\' "$1"')
    (tmp_path / "shop.py").write_text(HOLDING)
    gate = tmp_path / "go"

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.pilot.press("i", "H")
        await person.sees("what if, step 4", "esc stops")
        let_go(gate)
        await person.sees("the arguments of step 4 edited")
        await person.press("q")
        await person.sees("stopped at 4")
        assert "enter starts it" not in person.screen
        gate.unlink()
        await person.pilot.press("i", "q")
        await person.sees("1 / 1", "◐ what if, step 4")
        let_go(gate)
        await person.sees("1 / 1", "the edited branch is there: I in tea")

    use(shop, script, trace="tea")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tab", "edit", "said"),
    [
        ("4", "s/order-2/order-9/", "the response of step 4 edited"),
        ("5", 's/"rate": 10/"rate": 99/', "the outside's answer 1 of step 2 edited"),
    ],
)
def test_on_their_tabs_the_response_and_the_outside_answer_are_edited(
    shop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tab: str,
    edit: str,
    said: str,
) -> None:
    editor(tmp_path, monkeypatch, f"""sed -i '{edit}' "$1" """)

    async def script(person: Person) -> None:
        await at_step(person, 4 if tab == "4" else 2)
        await person.press(tab, "i")
        await person.sees(said)

    use(shop, script, trace="tea")


@pytest.mark.slow
def test_what_the_editor_leaves_is_checked_and_there_is_a_way_back_into_it(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil = 'test -e seen && exit 0; touch seen; echo "{" > "$1"'
    editor(tmp_path, monkeypatch, spoil)

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("i")
        await person.sees("not JSON: ", "back into the editor? y or n")
        await person.press("enter")
        await person.sees("not JSON: ")
        await person.press("escape")
        await person.sees("not edited")
        monkeypatch.setenv("EDITOR", "true")
        await person.press("i")
        await person.sees("nothing edited")
        await person.press("p", "i")
        await person.sees("only a tool call can be edited")

    use(shop, script, trace="tea")


@pytest.mark.slow
def test_an_editor_that_is_missing_or_fails_is_told_in_words(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.setattr("tui.editors._USUAL", ())

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("i")
        await person.sees("No editor is named.", "export EDITOR=vim")
        monkeypatch.setenv("EDITOR", "no-such-editor")
        await person.press("o")
        await person.sees("The editor 'no-such-editor' cannot be started")
        monkeypatch.setenv("EDITOR", "false")
        await person.press("o")
        await person.sees("The editor 'false' ended with 1")

    use(shop, script, trace="tea")


@pytest.mark.slow
def test_o_shows_the_pane_and_capital_o_the_source_at_its_line(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, 'for one; do echo "$one" >> seen; cat "$one" >> seen; done')

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("o")
        await person.sees("that was a copy")
        await person.press("O")
        await person.sees("not replayed yet")
        await person.press("r", "enter")
        await person.sees("replayed 3 calls")
        await person.press("O")
        await person.sees("shop.py:")

    use(shop, script, trace="tea")
    seen = (tmp_path / "seen").read_text()
    assert '"order": "order-2"' in seen
    assert "4-buy-response.json" in seen
    assert re.search(r"^\+\d+$", seen, re.MULTILINE)
    assert "def buy(" in seen


@pytest.mark.slow
def test_capital_p_pins_a_call_or_a_trace_and_takes_the_pin_away(shop: Path) -> None:
    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("P", *"broke", "enter")
        await person.sees("step 4 is pinned", "⚑ pinned: 4")
        await person.press("p", "P", "enter")
        await person.sees("the trace is pinned", "⚑ pinned")
        await person.press("P", "enter")
        await person.sees("the trace is pinned no longer", "⚑ pinned: 4")
        await person.press("P", "escape")
        await person.sees("not pinned")

    use(shop, script, trace="tea")
    with Store.open(shop) as store:
        assert [(one.step_number, one.note) for one in store.pins()] == [(4, "broke")]


def test_capital_p_shows_why_a_step_is_pinned_before_it_takes_the_pin_away(shop: Path) -> None:
    place = ("tea", 4)
    with Store.open(shop, "w") as store:
        store.append(
            Pin(
                id=pin_id(*place),
                trace_id="tea",
                step_number=4,
                note="broke in May",
                pinned_by="ana",
                pinned_at=moment(60),
            )
        )
    notes: list[list[str | None]] = []

    def note_them() -> None:
        with Store.open(shop) as store:
            notes.append([one.note for one in store.pins()])

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("P")
        await person.sees("unpin step 4?", "⚑ pinned by ana, 2026-11-20: broke in May")
        await person.press("escape")
        await person.sees("it stays pinned")
        note_them()
        await person.press("P", "n")
        await person.sees("it stays pinned")
        await person.press("P", "y")
        await person.sees("step 4 is pinned no longer   it was: broke in May")
        note_them()

    use(shop, script, trace="tea")
    assert notes == [["broke in May"], []]


@pytest.mark.slow
def test_capital_y_copies_a_step_in_the_form_that_is_chosen(shop: Path) -> None:
    copied: list[str] = []

    async def script(person: Person) -> None:
        person.app.copy_to_clipboard = copied.append  # type: ignore[method-assign]  # the terminal
        await at_step(person, 2)
        for downs, said in ((0, "this pane"), (2, "curl: outside call"), (5, "request id")):
            await person.press("Y")
            await person.sees("curl: its model call", "a pytest test of this call")
            await person.press(*["j"] * downs, "enter")
            await person.sees("copied ", said)
        await person.press("Y", "j", "j", "j", "j")
        await person.sees("characters")
        await person.press("q")

    use(shop, script, trace="tea")
    assert json.loads(copied[0]) == {"item": "tea", "cents": 30}
    assert copied[1].startswith("curl --compressed -X GET http://127.0.0.1:9/rate")
    assert copied[2] == "req-0"
