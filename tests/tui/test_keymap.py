"""Keys of one's own: what is understood, what is refused and in which words, and that they work."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.config import ConfigError
from tests.tui.person import Person, use
from tui.actions import ACTIONS, actions_of, use_keys
from tui.keymap import keymap_of, read_keymap

WHERE = "[tool.replay.keys]"


def refusal(**chosen: str) -> str:
    with pytest.raises(ConfigError) as caught:
        keymap_of({name.replace("_", "."): keys for name, keys in chosen.items()}, WHERE)
    return str(caught.value)


def test_every_action_has_an_id_of_its_own_that_can_be_typed() -> None:
    ids = [action.id for action in ACTIONS]

    assert len(set(ids)) == len(ids)
    assert all(set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._") for one in ids)


def test_keys_are_written_as_people_write_them() -> None:
    chosen = keymap_of({"traces.follow": "W", "traces.copy": ["ctrl+y", "F9", "<"]}, WHERE)

    assert chosen == {"traces.follow": ("W",), "traces.copy": ("ctrl+y", "f9", "less_than_sign")}


def test_an_unknown_action_is_refused_with_the_nearest_one() -> None:
    assert refusal(transcript_stepp="J") == (
        "'transcript.stepp' in [tool.replay.keys]: there is no such action.\n"
        "Nearest: transcript.step\n"
        "docs/tui.md lists every action with its keys."
    )


def test_an_unknown_key_is_refused() -> None:
    assert "'entre' for 'traces.follow'" in refusal(traces_follow="entre")
    assert "Nearest: enter" in refusal(traces_follow="entre")


def test_an_action_without_a_key_is_refused() -> None:
    assert "has no key" in refusal(traces_follow=" ")


def test_a_key_that_does_something_else_there_is_refused() -> None:
    said = refusal(comparison_beside="n")

    assert "'n' for 'comparison.beside'" in said
    assert "comparison.change (next change)" in said


def test_two_actions_may_change_their_keys() -> None:
    chosen = {"comparison.beside": "n", "comparison.change": "D"}

    assert keymap_of(chosen, WHERE) == {"comparison.beside": ("n",), "comparison.change": ("D",)}


def test_the_keys_of_the_project_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[tool.replay.keys]\n"traces.follow" = "W"\n'
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)

    assert read_keymap() == {"traces.follow": ("W",)}


def test_a_chosen_key_works_and_footer_and_help_name_it(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3", "W runs")
        await person.press("question_mark")
        await person.sees("W", "the replay runs so far")
        await person.press("escape", "r")
        assert "Replay runs" not in person.screen
        await person.press("W")
        await person.sees("travel_v2:toolbox")

    try:
        use(database, script, keys={"traces.runs": ("W",)})
    finally:
        use_keys({})

    assert "W" not in {key for action in actions_of("traces") for key in action.keys}
