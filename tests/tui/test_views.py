"""Entries, JSON and differences, without a screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from replay.records import CallResult, Change, Feedback
from tests.tui.records import changed, tool_call
from tui.rows.comparisons import Compared
from tui.rows.database import Database
from tui.rows.steps import read_detail, read_steps
from tui.views import diff_entries as diff_entries_module
from tui.views.comparison_view import comparison_entries
from tui.views.diff_entries import change_entries, diff_entries
from tui.views.entries import Entry, lay_out, wrapped
from tui.views.feedback_view import feedback_entries, feedback_words
from tui.views.json_entries import json_entries
from tui.views.labelling_view import call_entries
from tui.views.parts import cut, fit, lasted, parts_text
from tui.views.verdict_view import verdict_entries


def text_of(entries: list[Entry], width: int = 60) -> list[str]:
    return [f"{row.entry.mark:1} {parts_text(row.parts)}" for row in lay_out(entries, width)]


def test_json_is_shown_as_it_is_written() -> None:
    value = {"a": 1, "b": [True, None], "c": {}, "d": "x\ny", "e": ["s"]}

    assert text_of(json_entries(value)) == [
        "  {",
        '    "a": 1,',
        '    "b": [true, null],',
        '    "c": {},',
        '    "d": ',
        "      x",
        "      y",
        '    "e": [',
        '      "s"',
        "    ]",
        "  }",
    ]


def test_what_is_too_much_starts_folded_and_opens() -> None:
    value = {"small": 1, "large": list(map(str, range(10_000)))}
    entries = json_entries(value)

    assert text_of(entries) == ["  {", '    "small": 1,', '    "large": [ 10,000 items ]', "  }"]
    large = entries[0].made()[1]
    large.is_open = True
    assert text_of(entries)[3:5] == ["      0 … 499", "      500 … 999"]
    large.made()[1].is_open = True
    assert text_of(entries)[5] == '      "500",'
    assert len(text_of(entries)) == 5 + 20 + 500


def test_a_long_text_is_cut_until_it_is_opened() -> None:
    entries = json_entries({"text": "word " * 1000})

    assert text_of(entries)[-2].endswith("… 3,000 more characters: enter")
    entries[0].made()[0].is_open = True
    assert sum(line.count("word") for line in text_of(entries)) == 1000


def test_five_megabytes_on_one_line_are_laid_out() -> None:
    entries = json_entries({"text": "x" * 5_000_000})
    entries[0].made()[0].is_open = True

    assert len(lay_out(entries, 100)) > 50_000


def test_a_difference_is_open_and_the_rest_is_counted() -> None:
    recorded = {"a": 1, "b": 2, "c": {"x": [1, 2], "y": "z"}, "gone": None}
    today = {"a": 1, "b": 2, "c": {"x": [1, 3], "y": "z"}, "new": {"k": "v"}}

    assert text_of(diff_entries(recorded, today)) == [
        "  {",
        "    … 2 equal members",
        '    "c": {',
        '      "x": [',
        "        1",
        "-       2",
        "+       3",
        "      ]",
        '      "y": "z"',
        "    }",
        '-   "gone": null',
        '+   "new": {',
        '+     "k": "v"',
        "+   }",
        "  }",
    ]


@pytest.mark.parametrize(
    ("recorded", "today"), [(1, True), (1, 1.0), (0, False), ("1", 1), (None, ""), ({}, [])]
)
def test_values_of_two_types_differ(recorded: Any, today: Any) -> None:
    marks = [entry.mark for entry in diff_entries(recorded, today)]

    assert marks == ["-", "+"]


def test_list_elements_are_compared_with_themselves() -> None:
    recorded = [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 3, "v": "c"}]
    today = [{"id": 2, "v": "B"}, {"id": 3, "v": "c"}]

    lines = text_of(diff_entries(recorded, today))

    assert '-     "v": "b"' in lines
    assert '+     "v": "B"' in lines
    assert '-     "id": 1,' in lines
    assert '-     "id": 2,' not in lines


def test_texts_of_several_lines_are_compared_line_by_line() -> None:
    assert text_of(diff_entries("one\ntwo\nthree", "one\n2\nthree")) == [
        "≠ text  3 lines → 3 lines",
        "    one",
        "-   two",
        "+   2",
        "    three",
    ]


@pytest.mark.slow
def test_what_was_not_there_is_no_null() -> None:
    added = Change(path="events[1]", change="added", replayed={"at": 14})
    removed = Change(path="events[0]", change="removed", recorded=None)

    assert text_of(change_entries(added, 0)) == ["+ {", '+   "at": 14', "+ }"]
    assert text_of(change_entries(removed, 0)) == ["- null"]


def test_an_older_answer_is_compared_as_todays_version_would_say_it() -> None:
    call = tool_call("t", 2, "get_weather", response='{"temperature": 4, "city": "Oslo"}')
    found = changed("run-1", "t", 2).model_copy(
        update={
            "translated_response": '{"degrees": 4, "city": "Oslo"}',
            "replayed": CallResult(
                tool="get_weather", outcome="ok", response='{"degrees": 5, "city": "Oslo"}'
            ),
        }
    )

    lines = text_of(verdict_entries(found, call))

    assert [line for line in lines if line[0] in "+-"] == ['-   "degrees": 4', '+   "degrees": 5']
    assert "as today's version would say it" in " ".join(lines)


def test_a_place_of_the_state_counts_as_one_change() -> None:
    call = tool_call("t", 2, "get_weather", response="1")
    state = [
        Change(path="a", change="changed", recorded=1, replayed=2),
        Change(path="b", change="added", replayed=3),
    ]
    replayed = CallResult(tool="get_weather", outcome="ok", response="1")
    found = changed("run-1", "t", 2).model_copy(
        update={"state_changes": state, "effect_changed": True, "replayed": replayed}
    )
    compared = Compared("t", 2, call, found, [])

    rows = lay_out(comparison_entries(compared), 80)

    assert sum(row.entry.is_change and row.is_first for row in rows) == 2


def test_a_large_difference_takes_no_time() -> None:
    recorded = {f"k{at}": {"id": at, "rows": list(range(20))} for at in range(5_000)}
    today = json.loads(json.dumps(recorded))
    today["k77"]["rows"][3] = "x"

    lines = text_of(diff_entries(recorded, today))

    assert [line for line in lines if line[0] in "+-"] == ["-       3", '+       "x"']


def test_wide_characters_are_wrapped_by_their_columns() -> None:
    assert list(wrapped("日本語テキスト", 8)) == ["日本語テ", "キスト"]
    assert fit("日本語", 5) == "日本…"
    assert cut("abc", 2) == "a…"


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (None, ""),
        (0.04, "40 µs"),
        (0.4, "0.4 ms"),
        (12.4, "12 ms"),
        (2100, "2.1 s"),
        (720_000, "12.0 min"),
    ],
)
def test_lengths_of_time_in_words(ms: float | None, words: str) -> None:
    assert lasted(ms) == words


def test_equal_elements_become_lines_when_they_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    plain = diff_entries_module.marked_entries

    def counting(lead: Any, value: object, *more: object, **named: object) -> Entry:
        made.append(value)
        return plain(lead, value, *more, **named)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(diff_entries_module, "marked_entries", counting)
    recorded = [{"id": at, "name": f"part {at}"} for at in range(1000)]
    (entry,) = diff_entries(
        recorded, [*recorded[:500], {"id": 500, "name": "new"}, *recorded[501:]]
    )

    (before, _, after) = entry.made()
    assert len(made) < 10
    assert [len(before.made()), len(after.made())] == [500, 499]
    assert len(made) > 990


def test_what_people_said_of_a_step_is_below_what_it_gave() -> None:
    said = Feedback(
        id="f-1",
        trace_id="t",
        step_number=2,
        created_at="2026-11-20T10:00:00.000000Z",
        score=0.0,
        label="wrong_tool",
        text="It asked for Oslo.",
        annotator="mara",
        correction={"tool": "book", "arguments": {"city": "Rome"}},
    )

    assert feedback_words([said, said.model_copy(update={"score": 1.0, "label": None})]) == (
        "bad wrong_tool, good"
    )
    assert text_of(feedback_entries([said]))[1:] == [
        "  feedback",
        "    bad wrong_tool   mara, 2026-11-20 10:00",
        "      It asked for Oslo.",
        '      rather  book {"city": "Rome"}',
    ]


def test_a_recording_without_validated_arguments_is_compared_as_the_model_wrote_them() -> None:
    call = tool_call("t", 2, "get_weather", arguments='{"city": "Oslo"}', payload=None)
    replayed = CallResult(tool="get_weather", outcome="ok", payload={"city": "Oslo"}, response="1")
    found = changed("run-1", "t", 2).model_copy(update={"replayed": replayed})

    lines = text_of(comparison_entries(Compared("t", 2, call, found, [])))

    assert [line for line in lines if "payload" in line] == ["  payload   ✓ same  { 1 key }"]


def test_where_the_state_differs_is_on_the_verdict_tab_too() -> None:
    call = tool_call("t", 2, "get_weather", response="1")
    replayed = CallResult(tool="get_weather", outcome="ok", response="1")
    found = changed("run-1", "t", 2).model_copy(
        update={"effect_changed": True, "replayed": replayed, "state_changes": []}
    )
    changes = [Change(path="orders['W1'].status", change="changed", recorded="open", replayed="x")]

    kept = text_of(verdict_entries(found.model_copy(update={"state_changes": changes}), call))
    lost = " ".join(text_of(verdict_entries(found, call)))

    assert ["  orders['W1'].status" in line for line in kept].count(True) == 1
    assert [line for line in kept if line[0] in "+-"] == ['-     "open"', '+     "x"']
    assert "a replay with a baseline" in lost


def test_where_calls_are_labelled_all_that_was_said_has_a_word(database: Path) -> None:
    opened = Database.open(database)
    steps = read_steps(opened, "a-trip")
    detail = read_detail(opened, steps, steps.steps[1])
    at = {"trace_id": "a-trip", "step_number": 2, "created_at": "2026-11-20T10:00:00.000000Z"}
    said = [
        Feedback(id="f1", correction={"tool": "get_weather", "arguments": {}}, **at),
        Feedback(id="f2", text="too cold", **at),
        Feedback(id="f3", score=0.25, **at),
    ]

    lines = [line.strip() for line in text_of(call_entries(detail, said))]
    opened.close()
    assert lines[-3:] == ["said  a correction", "said  a note  too cold", "said  0.25"]
