"""Values of megabytes: what is let go of, copied and collected, as counts of objects."""

from __future__ import annotations

import ctypes
import gc
import json
import re
import weakref
from pathlib import Path
from typing import Any

import orjson
import pytest

from replay.records import ToolCall
from replay.store import Store
from replay.verdicts.canonical import read_response
from tests.tui.big import SIZE
from tests.tui.person import Person, use
from tui.copies import dumped, is_big, spelled
from tui.memory import Tidying, give_back_now, reading_much
from tui.rows.both import Both
from tui.rows.database import Database
from tui.rows.metrics import CallMetrics, Measured, read_measured
from tui.rows.steps import read_detail, read_steps
from tui.screens.base import PanesScreen
from tui.screens.comparison import ComparisonScreen

# -- what is let go of ----------------------------------------------------------------------------


def test_a_worker_of_a_screen_describes_nothing_of_what_it_is_given() -> None:
    """Textual spells out the arguments of each: of five megabytes, at every key."""
    for file in sorted(Path("tui").rglob("*.py")):
        for call in re.findall(r"@work\(([^)]*)\)", file.read_text("utf-8")):
            assert 'description="a thread"' in call, file


def test_a_step_that_was_left_is_gone_without_the_collector(big: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("what the model is told")
        screen = person.app.screen
        assert isinstance(screen, PanesScreen)
        held = weakref.ref(screen.detail)  # type: ignore[attr-defined]  # a transcript
        gc.collect()
        gc.disable()
        try:
            await person.press("6", "p", "n")
            assert held() is None
        finally:
            gc.enable()

    use(big, script, trace="big-payload")


def test_a_comparison_that_was_left_holds_no_call(big: Path) -> None:
    async def script(person: Person) -> None:
        await person.sees("what the model is told")
        await person.press("6", "v")
        await person.sees("equal members")
        screen = person.app.screen
        assert isinstance(screen, ComparisonScreen)
        assert screen.compared is not None
        held = weakref.ref(screen.compared.payloads)  # type: ignore[arg-type]  # it has some
        gc.collect()
        gc.disable()
        try:
            await person.press("right_curly_bracket", "q")
            assert held() is None
        finally:
            gc.enable()

    use(big, script, trace="big-payload")


def test_what_is_too_much_for_a_clipboard_is_written_to_a_file_at_once(
    big: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("tui.screens.clipboard.CLIPBOARD_MAX", SIZE)

    async def script(person: Person) -> None:
        await person.press("6", "y")
        await person.sees("written to ")

    use(big, script, trace="big-payload")

    (file,) = tmp_path.glob("replay-*/copied.json")
    assert json.loads(file.read_text())["payload"]["count"] == SIZE // 120


def test_unfolding_everything_stops_at_a_thousand_lines_and_goes_on(big: Path) -> None:
    async def script(person: Person) -> None:
        await person.press("3", "tab", "plus")
        await person.sees("+ unfolds the next 1,000 lines")
        screen = person.app.screen
        assert isinstance(screen, PanesScreen)
        first = len(screen.outline.rows)
        await person.press("plus")
        assert 1_000 < first < 6_000
        assert len(screen.outline.rows) > first

    use(big, script, trace="big-payload")


def test_metrics_that_were_left_hold_no_durations(big: Path) -> None:
    def held() -> int:
        return sum(isinstance(one, (Measured, CallMetrics)) for one in gc.get_objects())

    async def script(person: Person) -> None:
        await person.sees("2 model calls")
        await person.press("m")
        await person.sees("2 calls", "store_rows", "Latency")
        assert held() > 1
        gc.collect()
        gc.disable()
        try:
            await person.press("q")
            assert held() == 0
        finally:
            gc.enable()

    use(big, script)


def test_metrics_keep_counts_and_no_single_duration(big: Path) -> None:
    database = Database.open(big)

    measured = read_measured(database, None, lambda: False)

    for rows in measured.groups.values():
        assert [len(row.durations_ms) for row in rows] == [0] * len(rows)
        assert [sum(one[2] for one in measured.bins_of(row)) for row in rows] == [
            row.timed_count for row in rows
        ]
    assert not any(row.durations_ms for row in measured.components.rows)
    database.close()


def test_a_call_of_a_finding_is_let_go_of_before_the_next_is_read(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[weakref.ref[Both]] = []
    were_held: list[bool] = []
    tell = Database.told

    def telling(database: Database, *of: Any) -> Both:
        were_held.extend(one() is not None for one in told)
        both = tell(database, *of)
        told[:] = [weakref.ref(both)]
        return both

    monkeypatch.setattr(Database, "told", telling)

    async def script(person: Person) -> None:
        await person.sees("2 model calls")
        await person.press("r", "enter")
        await person.sees("call 1 of 2", "what the model is told")
        await person.press("n")
        await person.sees("call 2 of 2", "what the model is told")

    use(big, script)

    assert were_held == [False]


# -- copying, and the collector -------------------------------------------------------------------


def test_what_is_big_is_spelled_on_one_line() -> None:
    deep: Any = "end"
    for _ in range(90):
        deep = {"inner": deep}
    many = [deep] * 100

    assert is_big(many)
    assert json.loads(spelled(many)) == many
    assert "\n" not in spelled(many)
    assert spelled({"a": [1]}) == json.dumps({"a": [1]}, indent=2)


def test_a_record_is_dumped_with_its_values_and_not_with_copies_of_them(big: Path) -> None:
    with Store.open(big, "r") as store:
        call: ToolCall = store.tool_call("big-payload-c2")

    fields = dumped(call)

    assert fields["payload"] is call.payload
    assert json.dumps(fields) == json.dumps(call.model_dump(mode="json"))


def test_a_step_as_json_is_what_the_record_says(big: Path) -> None:
    database = Database.open(big)
    steps = read_steps(database, "big-payload")
    detail = read_detail(database, steps, steps.steps[1])

    assert detail.tool_call is not None
    assert orjson.loads(detail.as_json()) == detail.tool_call.model_dump(mode="json")
    database.close()


def test_the_collector_works_between_keys_and_looks_at_all_when_nobody_presses_any() -> None:
    now = [0.0]
    tidying = Tidying(lambda: now[0])
    gc.collect()

    assert tidying.look() is None
    tidying.closed()
    assert tidying.look() is None
    now[0] = 2.0
    assert tidying.look() == 1
    assert tidying.look() is None
    tidying.pressed()
    now[0] = 11.0
    assert tidying.look() is None
    now[0] = 13.0
    assert tidying.look() == 2
    before = gc.get_threshold()
    gc.set_threshold(1_000_000)
    try:
        made = [[at] for at in range(6_000)]
        assert tidying.look() == 0
    finally:
        gc.set_threshold(*before)
    assert len(made) == 6_000


def test_what_is_read_with_the_collector_off_is_old_to_it() -> None:
    with reading_much():
        assert not gc.isenabled()
        held = [[at] for at in range(10_000)]

    assert gc.isenabled()
    assert gc.get_count()[0] < 5_000
    assert len(held) == 10_000


def test_the_depth_of_a_value_counts_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    for depth, form in ((200, "json"), (201, "text")):
        assert read_response("[" * depth + "]" * depth).form == form


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library gives back by itself"
)
def test_what_is_free_between_what_is_held_goes_back_to_the_system() -> None:
    def resident_kb() -> int:
        (line,) = (
            one for one in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in one
        )
        return int(line.split()[1])

    held = [bytes([at % 7]) * 9_000 for at in range(8_000)]
    between = held[::100]
    full_kb = resident_kb()
    held.clear()

    give_back_now()

    assert resident_kb() < full_kb - 40_000
    assert len(between) == 80
