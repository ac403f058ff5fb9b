"""The keys of a transcript that act: each has a `replay` command do it, and shows what came."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from replay.records import Feedback, Pin, Trace, pin_id
from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.records import moment
from tests.tui.shop import HOLDING, held_records, let_go, make_shop, shop_records


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def left(app: Any) -> Iterator[None]:
        yield  # what stands in for a terminal here cannot be left; the tmux tests do it in one

    monkeypatch.setattr("tui.editors.screen_left", left)
    return make_shop(tmp_path)


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Name a shell script as the editor; ``$1`` is the file."""
    script = folder / "editor.sh"
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(script))


async def at_step(person: Person, number: int) -> None:
    await person.sees("stopped at")
    await person.press("g", *["n"] * (number - 1))
    await person.sees(f"stopped at {number}")


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


@pytest.mark.slow
def test_f_keeps_a_rating_a_label_a_score_a_note_and_a_correction(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, """sed -i 's/"count": 2/"count": 1/' "$1" """)

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("f", *"bad one would do", "enter")
        await person.sees("kept of step 4: rating bad, note one would do")
        await person.press("f", *"0.25", "enter")
        await person.sees("kept of step 4: score 0.25")
        await person.press("f", *"too_many", "enter")
        await person.sees("kept of step 4: label too_many")
        await person.press("f", "c", "enter")
        await person.sees("kept what step 4 should have been")
        await person.press("f", "escape")
        await person.sees("nothing said")

    use(shop, script, trace="tea")
    with Store.open(shop) as store:
        kept = store.transcript("tea").feedback
    assert [(one.label, one.score, one.text) for one in kept] == [
        ("bad", 0.0, "one would do"),
        (None, 0.25, None),
        ("too_many", None, None),
        (None, None, None),
    ]
    assert kept[3].correction == {"tool": "buy", "arguments": {"item": "tea", "count": 1}}


@pytest.mark.parametrize(
    "left_as",
    ["true", """printf '{"count":2,\n"item":"tea"}' > "$1" """],
    ids=["as is", "respelled"],
)
def test_a_correction_that_changes_nothing_is_not_kept(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_as: str
) -> None:
    """`:q!` in vim ends with 0, too: what was called would have been kept as what was right."""
    editor(tmp_path, monkeypatch, left_as)

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("f", "c", "enter")
        await person.sees("not corrected: the arguments are as they were")

    use(shop, script, trace="tea")
    with Store.open(shop) as store:
        assert store.transcript("tea").feedback == []


@pytest.mark.slow
def test_labelling_gives_one_label_a_key_goes_on_by_itself_and_undoes(shop: Path) -> None:
    with Store.open(shop, "w") as store:
        store.append_all(shop_records("cup"))

    async def script(person: Person) -> None:
        await person.sees("1 / 2")
        await person.press("enter", "L")
        await person.sees("Label step 2, price", "1 good", "3 wrong_tool", "call 1 of 3")
        await person.press("1")
        await person.sees("Label step 4, buy", "step 2: good")
        await person.press("3", "2")
        await person.sees("Label step 2, price", "3 labels given")
        await person.press("u")
        await person.sees("Label step 6, receipt", "bad taken back")
        await person.press("n", "p", "p")
        await person.sees("Label step 4, buy", "said  wrong_tool")
        await person.press("q")

    use(shop, script)
    with Store.open(shop) as store:
        kept = [one for name in ("tea", "cup") for one in store.transcript(name).feedback]
        assert [(one.step_number, one.label) for one in kept] == [(2, "good"), (4, "wrong_tool")]
        assert store.check() == []


@pytest.mark.slow
def test_labelling_passes_by_traces_that_called_no_tool(shop: Path) -> None:
    """It stood still before the first of them, still showing the call of the trace before."""
    with Store.open(shop, "w") as store:
        store.append_all([Trace(id=f"mute-{at}", started_at=moment(0)) for at in range(3)])
        store.append_all(shop_records("cup"))

    async def script(person: Person) -> None:
        await person.sees("1 / 5")
        await person.press("enter", "L")
        await person.sees("Label step 2, price", "call 1 of 3")
        for number in range(1, 7):
            await person.press("1")
            await person.sees(f"{number} label")
        await person.sees("that was the last call")

    use(shop, script)
    with Store.open(shop) as store:
        kept = [one for name in ("tea", "cup") for one in store.transcript(name).feedback]
        assert len(kept) == 6


@pytest.mark.slow
def test_labels_come_from_the_config_and_none_takes_a_key_that_moves(
    shop: Path, tmp_path: Path
) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text('[tool.replay.labels]\nx = "too_slow"\n')

    async def script(person: Person) -> None:
        await at_step(person, 4)
        await person.press("L", "x")
        await person.sees("step 4: too_slow")
        config.write_text('[tool.replay.labels]\nj = "too_slow"\n')
        await person.press("q", "L")
        await person.sees("The label 'too_slow' cannot have the key 'j'")

    use(shop, script, trace="tea")
    with Store.open(shop) as store:
        assert [one.label for one in store.transcript("tea").feedback] == ["too_slow"]


@pytest.mark.slow
def test_what_was_said_of_a_call_before_is_taken_back_when_one_says_so(shop: Path) -> None:
    at = moment(9)
    with Store.open(shop, "w") as store:
        for number, label in enumerate(("too_slow", "wrong_tool")):
            said = {"label": label, "annotator": "Ada", "created_at": at}
            store.append(
                Feedback(id=f"f{number}", trace_id="tea", step_number=2, **said)  # type: ignore[arg-type]
            )

    async def script(person: Person) -> None:
        await person.press("L")
        await person.sees("Label step 2, price", "said  wrong_tool")
        await person.press("u")
        await person.sees("take back wrong_tool by Ada? y or n", "n esc leave it")
        await person.press("escape")
        await person.sees("nothing taken back", "said  wrong_tool")
        await person.press("u", "enter")
        await person.sees("said  too_slow")
        await person.sees_no("said  wrong_tool")
        await person.press("n", "u")
        await person.sees("nothing to undo")

    use(shop, script, trace="tea")
    with Store.open(shop) as store:
        assert [one.id for one in store.transcript("tea").feedback] == ["f0"]
