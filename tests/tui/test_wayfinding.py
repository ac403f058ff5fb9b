"""What tells somebody new where they are and what can be done: columns, footers, words."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.cells import cell_len

from replay.records import Cause, Verdict
from tests.tui.person import Person, use
from tui.actions import actions_of
from tui.editors import editor_words
from tui.rows.steps import StepVerdict
from tui.rows.traces import TraceLine
from tui.views.entries import Entry
from tui.views.footer import step_keys
from tui.views.parts import parts_text
from tui.views.step_views import TAB_NAMES
from tui.views.table_lines import trace_header, trace_parts
from tui.views.transcript_words import status_parts
from tui.views.verdict_view import cause_entry
from tui.widgets.bars import KeyBar, TabBar
from tui.widgets.outline import Outline


def footer(person: Person) -> str:
    return person.screen.splitlines()[-1]


@pytest.mark.parametrize("width", [78, 118])
def test_the_name_of_a_column_stands_where_its_values_begin(width: int) -> None:
    line = TraceLine(
        key=1,
        id="weekend",
        app="travel",
        started_at="2026-11-20T10:00:00Z",
        ended=True,
        outcome=None,
        source="recorded",
        model="small",
        model_call_count=1,
        tool_call_count=2,
        outcome_counts={"ok": 2},
        asked="How is it?",
    )
    names = parts_text(trace_header(width))
    values = parts_text(trace_parts(line, width))

    assert names.index("started") == values.index("11-20")
    assert names.index("trace") == values.index("weekend")
    assert names.index("asked") == values.index("How is")


def test_the_footer_says_what_going_back_does_now(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("1 / 3")
        assert footer(person).endswith("? help  q quit")
        await person.press("f", *"b-trip", "enter")
        await person.sees("1 / 1 of 3")
        assert footer(person).endswith("? help  q clear filter")
        await person.press("q")
        await person.sees("2 / 3")
        assert footer(person).endswith("? help  q quit")
        await person.press("s")
        await person.sees("· by trace ↑")
        await person.press("question_mark")
        await person.sees("filter by what there is")
        assert "the other pane" not in person.screen
        assert "fold or unfold" not in person.screen
        await person.press("escape", "enter")
        await person.sees("stopped at")
        assert footer(person).endswith("? help  q back")

    use(database, script)


def test_the_footer_of_a_transcript_names_at_80_columns_what_this_step_is_for() -> None:
    def shown(kind: str, verdict: StepVerdict | None = None, width: int = 78) -> list[str]:
        bar = KeyBar(actions_of("transcript", "everywhere"))
        bar.suit(step_keys(cast("Any", SimpleNamespace(kind=kind)), verdict))
        return [one.name for one in bar.shown(width)]

    step, end = ["next", "back", "next ≠"], ["help", "back"]
    different = StepVerdict("now_rejected", conditional=False, approved=False)
    same = StepVerdict("same", conditional=False, approved=False)
    assert shown("tool", different) == [*step, "approve", "source", "replay", *end]
    assert shown("tool", same) == shown("tool") == [*step, "replay", "edit", "break", "debug", *end]
    assert shown("model") == [*step, "tool call", "where from", "edit", *end]
    wide = set(shown("tool", different, 118))
    assert {"replay", "edit", "approve", "break", "where from", "compare"} <= wide


def test_the_tabs_of_a_step_show_their_keys_beside_the_list() -> None:
    labels = TabBar(TAB_NAMES).labels(68)

    assert "".join(labels).startswith("1Prompt 2Output")
    assert len("".join(labels)) == 68


def test_a_conditional_verdict_names_the_step_that_differs_first() -> None:
    def row(number: int) -> Any:
        return SimpleNamespace(
            key=number, number=number, kind="tool", outcome="ok", siblings=1, name="book"
        )

    def verdict(*, conditional: bool) -> StepVerdict:
        return StepVerdict("now_rejected", conditional=conditional, approved=False)

    steps = SimpleNamespace(
        steps=[row(2), row(4)],
        verdicts={2: verdict(conditional=False), 4: verdict(conditional=True)},
        feedback=[],
    )
    words = parts_text(status_parts(cast("Any", steps), row(4), next_divergence=None))

    assert words.endswith("today ∅ rejected (conditional: step 2 differs first)")


def test_an_unknown_cause_says_what_would_find_it() -> None:
    unknown = parts_text(cause_entry(Cause.UNKNOWN, Verdict.RESPONSE_CHANGED).parts)
    known = parts_text(cause_entry(Cause.CODE, Verdict.RESPONSE_CHANGED).parts)

    assert "unknown   a replay with a baseline tells it: r in a transcript" in unknown
    assert "baseline" not in known


def test_without_a_named_editor_a_usual_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("vi", "nano"):
        (tmp_path / name).write_text("", "utf-8")
        (tmp_path / name).chmod(0o755)

    assert editor_words(Path("arguments.json")) == ["nano", "arguments.json"]


def test_the_first_screen_records_to_the_database_that_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def script(person: Person) -> None:
        await person.sees("replay record --db 'my agents.db' -- python my_agent.py")
        assert footer(person).endswith("? help  q quit")
        assert "other pane" not in person.screen

    use(tmp_path / "my agents.db", script)


def test_no_letter_is_under_the_bar_that_scrolls(database: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("stopped at")
        outline = person.app.screen.query_one(Outline)
        words = "abcdefghij" * 600  # without a blank to break at
        outline.show([Entry((), text=words)])
        await person.settle()

        assert outline.show_vertical_scrollbar
        widths = [cell_len(parts_text(list(outline.line_parts(at, 400)))) for at in range(5)]
        assert max(widths) <= outline.line_width

    use(database, script, trace="b-trip")
