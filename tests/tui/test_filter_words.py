"""What may be typed after `outcome:` and `verdict:`: the closed lists' words, and the screens'."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import SelectionError
from replay.records import Outcome, Verdict
from tests.tui.person import Person, use
from tui.rows.database import Database
from tui.rows.filters import parse_filter
from tui.rows.traces import TraceList
from tui.views.parts import parts_text
from tui.views.signs import outcome_word, verdict_word
from tui.views.trace_words import filter_parts


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_found_by_its_name_and_by_what_the_list_calls_it(verdict: Verdict) -> None:
    assert parse_filter(f"verdict:{verdict}").verdicts == (verdict,)
    shown = verdict_word(verdict)
    if shown != "changed":  # all that differ
        assert parse_filter(f'"verdict:{shown}"').verdicts == (verdict,)
        assert parse_filter(f"verdict:{shown.replace(' ', '-')}").verdicts == (verdict,)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_is_found_by_its_name_and_by_what_the_list_calls_it(outcome: Outcome) -> None:
    for word in (str(outcome), outcome_word(outcome)):
        assert parse_filter(f'"outcome:{word}"').selection.outcomes == [outcome]


def test_changed_means_all_that_differ_and_error_all_that_went_wrong() -> None:
    differing = parse_filter("verdict:changed").verdicts

    assert differing == parse_filter("verdict:any").verdicts
    assert "same" not in differing
    assert "now_rejected" in differing
    assert parse_filter("outcome:error").selection.outcomes == [
        one for one in Outcome if one != "ok"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("verdict:rejectd", "There is no verdict 'rejectd'.\nNearest: rejected"),
        ("outcome:time-out", "There is no outcome 'time-out'.\nNearest: timeout"),
        ("verdict:xyzzy", "There is no verdict 'xyzzy'.\nThere are same, equivalent, "),
        ("verdit:same", "There is no filter 'verdit'.\nNearest: verdict"),
    ],
)
def test_what_means_nothing_is_answered_with_the_nearest(text: str, said: str) -> None:
    with pytest.raises(SelectionError) as caught:
        parse_filter(text)

    assert str(caught.value).startswith(said)


def test_a_word_of_the_screen_filters_the_list_and_an_unknown_one_says_the_nearest(
    database: Path,
) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        await person.press("f", *"verdict:changed", "enter")
        await person.sees("1 / 1 of 3")
        await person.press("f", "ctrl+u", *"verdict:rejectd", "enter")
        await person.sees("× There is no verdict 'rejectd'. Nearest: rejected")

    use(database, script)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tool:weather", "no tool 'weather': get_weather?"),
        ("tool:bok", "no tool 'bok': book?"),
        ("tool:zzz", "no tool 'zzz'"),
        ("app:trp", "no app 'trp': trip?"),
        ("model:smal", "no model 'smal': small-1?"),
        ("model:gpt*", ""),
        ("tool:book since:1m", ""),
    ],
)
def test_a_filter_that_names_what_is_not_there_says_so_with_the_nearest(
    database: Path, text: str, said: str
) -> None:
    opened = Database.open(database)
    try:
        traces = TraceList(opened, parse_filter(text))
        traces.find()
    finally:
        opened.close()

    assert (len(traces), traces.unmet) == (0, said)
    assert said in parts_text(filter_parts(traces))
