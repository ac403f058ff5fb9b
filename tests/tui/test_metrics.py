"""Calls counted on the screen: what is shown, regrouped and sorted, and the way to the traces."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.person import Person, use
from tui.rows.histograms import histogram
from tui.views.metric_lines import halved, share


def test_from_a_row_to_the_traces_with_its_calls(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("m")
        await person.sees("9 calls", "66.7% ok", "By model and tool", "small-1")
        await person.press("j")
        await person.sees("tool:book model:small-1")
        await person.press("enter")
        await person.sees("filter tool:book model:small-1   3 traces")

    use(database, script)


def test_rows_are_grouped_and_sorted_otherwise(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("m", "t")
        await person.sees("By tool", "2 rows · by calls")
        first = next(line for line in person.screen.splitlines() if "get_weather  " in line)
        assert "100%" in first
        await person.press("s")
        await person.sees("by not ok")
        await person.press("S", "right_square_bracket")
        await person.sees("the last 30 days")

    use(database, script)


@pytest.mark.slow
def test_budgets_of_the_project_are_held_against_what_was_recorded(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "[tool.replay.budgets]\nget_weather = { p95_ms = 2 }\n"
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)

    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("m")
        await person.sees("× 1 budget broken", "3 ms!", "× get_weather p95")

    use(database, script)


def test_a_histogram_has_edges_that_people_know_and_at_most_nine_spans() -> None:
    assert histogram([3.0, 4.0, 12.0]) == [(2.0, 5.0, 2), (5.0, 10.0, 0), (10.0, 20.0, 1)]
    wide = histogram([0.02, 0.5, 60_000.0])
    assert len(wide) == 9
    assert sum(number for *_, number in wide) == 3


@pytest.mark.parametrize(
    ("number", "of", "words"),
    [(0, 5, "0%"), (5, 5, "100%"), (1, 3, "33.3%"), (9_999, 10_000, "99.9%"), (1, 9_999, "<0.1%")],
)
def test_a_share_is_honest_at_both_ends(number: int, of: int, words: str) -> None:
    assert share(number, of) == words


def test_a_trend_for_a_narrow_screen_adds_up() -> None:
    assert halved([1, 2, 3, 4]) == [3, 7]
