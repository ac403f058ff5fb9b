"""What people say of calls: feedback kept by key, corrections, and the labelling mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.records import Feedback, Trace
from replay.store import Store
from tests.tui.person import Person, use
from tests.tui.records import moment
from tests.tui.shop import at_step, editor, shop_records


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
