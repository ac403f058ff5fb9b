"""The transcript screen, key by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.person import Person, use


def status(person: Person) -> str:
    return person.screen.splitlines()[-2].strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("", "stopped at 3"),
        ("n", "stopped at 4"),
        ("f10", "stopped at 4"),
        ("p", "stopped at 2"),
        ("N", "stopped at 2"),
        ("m", "stopped at 5"),
        ("M", "stopped at 1"),
        ("t", "stopped at 4"),
        ("T", "stopped at 2"),
        ("e", "stopped at 4"),
        ("g", "stopped at 1"),
        ("G", "stopped at 5"),
        ("g c", "stopped at 3"),
        ("g f5", "stopped at 3"),
        ("G C", "stopped at 3"),
        ("G E", "stopped at 4"),
        ("j", "stopped at 4"),
        ("k", "stopped at 2"),
        ("G n", "this is the last step"),
        ("g p", "this is the first step"),
        ("c", "nothing differs after this step"),
        ("e e", "no steps that are not ok after this step"),
    ],
)
def test_every_stepping_key_goes_where_it_says(database: Path, keys: str, said: str) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        if keys:
            await person.press(*keys.split())

        assert said in status(person)

    use(database, script, trace="b-trip")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "texts"),
    [
        ("1", ["What is the weather for b-trip?", "tools 1", "get_weather"]),
        ("2", ["→ get_weather", "» get_weather", "as it was received"]),
        ("3", ["payload", '"city": "Oslo"']),
        ("4", ["response", '"temperature": 4']),
        ("5", ["It asked nothing of the outside world."]),
        ("6", ["duration", "3 ms", "provider's id"]),
        ("7", ["what the model was shown", '"type": "object"']),
        ("8", ["≠ changed", "today's code answers differently", "- ", '"degrees": 4']),
    ],
)
def test_every_tab_tells_its_part_of_a_call(database: Path, key: str, texts: list[str]) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press(key)

        for text in texts:
            assert text in person.screen

    use(database, script, trace="b-trip")


def test_parallel_calls_hang_together_and_signs_need_no_colour(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")

        assert "2 ┌✓ get_weather" in person.screen
        assert "3 ├✓ get_weather" in person.screen
        assert "4 └× book failed" in person.screen
        assert "one of 3 parallel calls" in status(person)
        assert "≠ changed" in person.screen
        assert "✓ same" in person.screen

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_stepping_into_goes_through_the_parts_of_a_call_in_order(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        seen = []
        await person.press("2")
        for _ in range(4):
            seen.append(person.app.screen.tab)
            await person.press("s")

        assert seen == ["Output", "Payload", "Response", "Verdict"]
        assert "stopped at 4" in status(person)
        await person.press("S")
        assert "stopped at 3" in status(person)

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_an_outside_call_is_shown_with_its_answer(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("p", "5")

        assert "GET http://api.test/weather?city=Oslo → 200" in person.screen

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_recorded_text_that_looks_like_markup_is_only_text(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("e", "4")

        assert "no [room] left" in person.screen

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_coming_back_to_a_trace_one_stands_where_one_was(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("n", "3", "q")
        assert "Traces" in person.screen
        await person.press("g", "j", "enter")

        await person.sees("stopped at 4", "payload")

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_a_search_goes_from_match_to_match_and_ends_with_escape(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("slash", *"weather", "enter")
        await person.press("g", "n")
        assert "stopped at 2" in status(person)
        await person.press("n")
        assert "stopped at 3" in status(person)
        await person.press("escape", "n")

        assert "stopped at 4" in status(person)

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_copying_gives_the_step_as_json_through_osc_52(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("y")

        assert '"id": "b-trip-c3"' in person.app.clipboard
        assert "copied step 3 as JSON" in status(person)
        await person.press("4", "tab", "j", "y")
        assert person.app.clipboard == "4"

    use(database, script, trace="b-trip")


@pytest.mark.slow
def test_json_folds_and_unfolds(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at 3")
        await person.press("4", "tab")
        await person.press("h")
        assert "{ 3 keys }" in person.screen
        await person.press("l")
        assert '"sky": "grey"' in person.screen
        await person.press("minus", "plus")
        assert '"sky": "grey"' in person.screen

    use(database, script, trace="b-trip")


def test_a_trace_that_was_not_replayed_says_so(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("not replayed")
        await person.press("c")

        assert "not replayed yet: r replays it" in status(person)

    use(database, script, trace="a-trip")
