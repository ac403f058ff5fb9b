"""What may be typed after `outcome:` and `verdict:`: the closed lists' words, and the screens'."""

from __future__ import annotations

from pathlib import Path

import pytest

from replay.errors import SelectionError
from replay.records import Outcome, Verdict
from tests.tui.person import Person, use
from tui.rows.database import Database
from tui.rows.filter_words import filter_word
from tui.rows.filters import parse_filter
from tui.rows.traces import TraceList
from tui.views.parts import parts_text
from tui.views.signs import outcome_sign, outcome_word, verdict_word
from tui.views.trace_words import filter_parts


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_is_found_by_its_name_and_by_what_the_list_calls_it(verdict: Verdict) -> None:
    assert parse_filter(f"verdict:{verdict}").verdicts == (verdict,)
    shown = verdict_word(verdict)
    if not shown.endswith("…"):
        assert parse_filter(f'"verdict:{shown}"').verdicts == (verdict,)
    word = filter_word("verdict", verdict)
    assert parse_filter(f"verdict:{word}").verdicts == (verdict,)
    assert "_" not in word


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_is_found_by_its_name_and_by_what_the_list_calls_it(outcome: Outcome) -> None:
    for word in (str(outcome), outcome_word(outcome), filter_word("outcome", outcome)):
        assert parse_filter(f'"outcome:{word}"').selection.outcomes == [outcome]
    assert "_" not in filter_word("outcome", outcome)


def test_words_for_several_mean_those_that_the_screens_call_so() -> None:
    differing = parse_filter("verdict:differs").verdicts
    not_ok = parse_filter("outcome:not-ok").selection.outcomes

    assert differing == parse_filter("verdict:any").verdicts
    assert "same" not in differing
    assert "now_rejected" in differing
    assert not_ok == [one for one in Outcome if one != "ok"]
    assert not_ok == parse_filter("outcome:error").selection.outcomes
    rejected = parse_filter("outcome:rejected").selection.outcomes
    assert rejected == [one for one in Outcome if outcome_sign(one)[0] == "∅"]
    assert parse_filter("outcome:failing").selection.outcomes == ["timeout", "failed", "crashed"]


@pytest.mark.parametrize(
    ("word", "verdict"),
    [("equal", "equivalent"), ("no-answer", "unanswered"), ("unstable", "not_deterministic")],
)
def test_what_screens_called_a_verdict_before_is_taken_still(word: str, verdict: str) -> None:
    assert parse_filter(f"verdict:{word}").verdicts == (verdict,)


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
        await person.press("f", *"verdict:differs", "enter")
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
