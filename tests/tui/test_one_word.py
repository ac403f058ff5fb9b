"""One word and one sign for one idea: on the screens, in their help, and in the reports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.metrics.components import COMPONENTS
from replay.records import Outcome, ReplayRun, Verdict
from replay.records.codes import REJECTED, outcome_words
from replay.report.words import VERDICT_WORDS
from replay.verdicts.answers import FAILING
from tests.tui.person import Person, use
from tests.tui.records import moment, replay_run, trip, write
from tui.actions import TRANSCRIPT, actions_of
from tui.screens.help import help_entries
from tui.views.facet_lines import FacetLine, facet_parts
from tui.views.help_words import SIGNS
from tui.views.parts import parts_text
from tui.views.run_lines import run_header, run_parts
from tui.views.signs import WORD_MAX, outcome_sign, outcome_word, verdict_sign, verdict_word

NO_SIGNS = set("…→–│─╰╭█▏▁▂▃▄▅▆▇⏎←✗")
"""What is no sign: dots where text is cut, arrows and dashes between two, frames, bars, keys;
and the reports' cross, which stands for two signs here."""


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_word_of_a_list_is_one_of_those_of_the_reports(verdict: Verdict) -> None:
    word = verdict_word(verdict)

    assert word.rstrip("…") in VERDICT_WORDS[verdict]
    assert len(word) <= WORD_MAX


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_is_said_with_spaces_and_its_short_word_is_the_beginning(
    outcome: Outcome,
) -> None:
    assert "_" not in outcome_words(outcome)
    assert outcome_words(outcome).startswith(outcome_word(outcome))


def test_a_sign_says_of_today_what_it_says_of_the_recording() -> None:
    rejected = {outcome_sign(outcome)[0] for outcome in REJECTED}
    failing = {outcome_sign(outcome)[0] for outcome in FAILING - {Outcome.TIMEOUT}}

    assert rejected == {verdict_sign(Verdict.NOW_REJECTED)[0]} == {"∅"}
    assert failing == {verdict_sign(Verdict.NOW_FAILING)[0]} == {"×"}
    assert outcome_sign(Outcome.OK)[0] == verdict_sign(Verdict.SAME)[0]


def test_what_there_is_to_choose_has_the_words_of_the_lists() -> None:
    shown = [
        parts_text(facet_parts(FacetLine(name, value, 1), 80)).split()[:2]
        for name, value in (
            ("verdict", "response_changed"),
            ("verdict", "now_rejected"),
            ("verdict", "approved"),
            ("outcome", "invalid_arguments"),
        )
    ]

    assert shown == [
        ["≠", "changed"],
        ["∅", "rejected"],
        ["≈", "approved"],
        ["∅", "invalid-arguments"],
    ]


def texts_of(folder: Path) -> Iterator[str]:
    """Give every text that the code below ``folder`` has, but for docstrings."""
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text and id(node) not in said:
                yield node.value


def test_every_sign_that_a_screen_can_show_is_in_the_help() -> None:
    explained = {char for signs, _, said in SIGNS for char in signs + said}
    used = {
        char
        for folder in ("tui/views", "tui/screens", "tui/widgets")
        for text in texts_of(Path(__file__).parents[2] / folder)
        for char in text
        if ord(char) > 127 and not char.isalpha()
    }

    assert used - explained - NO_SIGNS == set()
    assert {"≠", "∅", "»"} <= used


def test_no_sign_of_the_help_is_there_twice() -> None:
    signs = [char for said, _, _ in SIGNS for char in said.split()]

    assert sorted(signs) == sorted(set(signs))


def test_the_help_explains_the_words_of_the_screen_that_it_is_about() -> None:
    def words(place: str) -> str:
        entries = [parts_text(one.parts) for one in help_entries(actions_of(place))]
        return "\n".join(entries[entries.index("Words") :]) if "Words" in entries else ""

    assert "conditional" in words(TRANSCRIPT)
    assert "what the tool was given: the arguments, validated" in words(TRANSCRIPT)
    assert "exit" in words("runs")
    assert "exit" not in words(TRANSCRIPT)
    assert "made up" in words("metrics")
    assert "shown, validates" in words("schemas")
    assert words("help") == ""


@pytest.mark.parametrize("width", [58, 78, 118])
def test_a_run_has_no_column_that_there_is_no_room_for(width: int) -> None:
    run = ReplayRun(
        id="r", started_at=moment(0), ended_at=moment(1), status="interrupted", trace_count=1,
        toolbox="a_module_with_a_long_name.tools:toolbox", call_count=1_000_000, exit_code=2,
    )  # fmt: skip
    header, line = (
        parts_text(parts).rstrip()
        for parts in (
            run_header(width),
            run_parts(run, {"now_rejected": 7, "same": 999_999}, width),
        )
    )

    assert len(header) <= width
    assert len(line) <= width
    assert ("ended" in header, "stopped" in line) == (width > 70, width > 70)
    assert "7" in line
    assert ("999k" in line) == (width > 70)


def test_the_timing_of_a_call_counts_what_the_metrics_count(tmp_path: Path) -> None:
    from tests.tui.records import tool_call

    path = tmp_path / "traces.db"
    stages = [
        {"stage": "parse", "duration_us": 300},
        {"stage": "validate", "duration_us": 200},
        {"stage": "invoke", "duration_us": 9_000},
        {"stage": "encode", "duration_us": 100},
    ]
    trace, *rest = trip("a-trip", 0)
    timed = tool_call("a-trip", 6, "book", stages=stages, bound_by="provider_call_id")
    write(path, trace, *rest, timed, *replay_run())

    async def script(person: Person) -> None:
        await person.press("G", "6")
        await person.sees("where the time went", "parse, encode", "matched by      the call's id")
        lines = [line.split("││")[-1] for line in person.screen.splitlines()]
        named = {words[0]: " ".join(words[1:3]) for line in lines if (words := line.split())}
        assert named["marshal"] == "0.4 ms"
        assert named["validate"] == "0.2 ms"
        assert named["tool"] == "9 ms"
        assert {"marshal", "validate", "tool"} <= set(COMPONENTS)

    use(path, script, trace="a-trip")
