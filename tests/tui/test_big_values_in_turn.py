"""Values of megabytes are read one after another, and today's side never whole beside the other."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks.screens_values import VALUES
from replay.records import CallResult, CallVerdict, ToolCall
from tests.tui.big import SIZE
from tests.tui.person import Person, use
from tui.memory import reading_much
from tui.rows.both import told
from tui.rows.comparisons import StepComparisons
from tui.rows.read_beside import read_beside
from tui.screens import base
from tui.views.step_views import TABS


def test_megabytes_are_read_one_after_another_whatever_tab_and_screen_they_are_for(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a prompt, which opens all the megabytes that are new in it."""
    screens_thread = threading.get_ident()
    kept_waiting: list[str] = []
    now: list[str] = []
    most: list[int] = []

    def noting(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*of: Any) -> Any:
            if threading.get_ident() == screens_thread:
                kept_waiting.append(of[0].row.id)
                return make(*of)
            now.append(name)
            most.append(len(now))
            time.sleep(0.05)
            try:
                return make(*of)
            finally:
                now.remove(name)

        return made

    for name in ("Prompt", "Verdict"):
        monkeypatch.setitem(TABS, name, noting(name, TABS[name]))
    monkeypatch.setattr(StepComparisons, "read", noting("comparison", StepComparisons.read))

    async def script(person: Person) -> None:
        await person.sees("what the model is told")
        await person.press("6", "8", "v")
        await person.sees("equal members")
        await person.press("q", "8", "n", "1")
        await person.sees("new in this prompt")

    use(big, script, trace="big-payload")

    assert "big-payload-m3" not in kept_waiting
    assert len(most) >= 3
    assert max(most) == 1


def test_one_thread_at_a_time_reads_much() -> None:
    second = threading.Event()

    def read() -> None:
        with reading_much():
            second.set()

    with reading_much():
        thread = threading.Thread(target=read)
        thread.start()
        assert not second.wait(0.05)
    thread.join()
    assert second.is_set()
    assert gc.isenabled()


def test_what_nobody_waits_for_any_more_is_gone_before_the_next_is_read(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laid_out: list[Any] = []
    lay_out = base.lay_out
    began, left = threading.Event(), threading.Event()
    verdict = TABS["Verdict"]

    def slow(detail: Any) -> Any:
        began.set()
        left.wait(5.0)
        return verdict(detail)

    def noting(*of: Any) -> Any:
        laid_out.append(of[0][0].value)
        return lay_out(*of)

    async def script(person: Person) -> None:
        await person.sees("what the model is told")
        await person.press("6")
        monkeypatch.setitem(TABS, "Verdict", slow)
        monkeypatch.setattr(base, "lay_out", noting)
        await person.pilot.press("8")
        await asyncio.to_thread(began.wait, 5.0)
        await person.pilot.press("3")
        left.set()
        await person.sees("store_rows", '"count"')

    use(big, script, trace="big-payload")

    assert [isinstance(one, dict) and one["count"] for one in laid_out] == [SIZE // 120]


@pytest.mark.parametrize("spacing", [None, 1])
def test_what_is_read_beside_a_value_is_what_it_says_and_shares_what_is_equal(
    spacing: int | None,
) -> None:
    recorded: Any = {"a": {"b": [1, {"c": 2}], "d": {}}, "e": [True, None], "f": "text", "g": 1}
    today: Any = {"a": {"b": [1, {"c": 2}], "d": {"x": 1.5}}, "e": [1, None], "f": "text", "h": {}}

    read: Any = read_beside(json.dumps(today, indent=spacing), recorded)

    assert orjson.dumps(read) == orjson.dumps(today)
    assert read["a"]["b"] is recorded["a"]["b"]
    assert read["e"] is not recorded["e"]
    assert read_beside(json.dumps(recorded, indent=spacing), recorded) is recorded
    for broken in ('{"a": }', '{"a" 1}', '{"a": {}', '{"a": 1,}', "{} {}", "{'a': 1}", ""):
        with pytest.raises(ValueError, match=r"^(no|Expecting) "):
            read_beside(broken, recorded)


def test_todays_side_of_a_nested_value_never_stands_whole_beside_the_recorded_one() -> None:
    recorded, today = (json.dumps(one) for one in VALUES["big-nested"](SIZE))
    call = ToolCall.model_construct(response=recorded)
    replayed = CallResult.model_construct(response=today)
    verdict = CallVerdict.model_construct(replayed=replayed, translated_response=None)
    tracemalloc.start()
    held = json.loads(recorded)
    one_side, _ = tracemalloc.get_traced_memory()
    del held
    tracemalloc.reset_peak()

    both = told(verdict, call)

    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert orjson.dumps(both.today) == orjson.dumps(json.loads(today))
    assert now < 1.1 * one_side
    assert peak < 1.5 * one_side
