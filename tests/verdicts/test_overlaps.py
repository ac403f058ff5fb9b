"""Which calls belong together, and whose doing the state is that they leave."""

from __future__ import annotations

from typing import Any

import pytest

from replay.records import Lanes, Outcome, ToolCall, Trace, Transcript, Verdict
from replay.verdicts import Rules, asked_together, collect, judge_trace, overlapping
from tests.verdicts.calls import AT, recorded, replayed


def call(id: str, start_ms: float | None, length_ms: float | None, **fields: Any) -> ToolCall:
    """Return a call of one model output; no start: nothing was seen to run."""
    named = {"model_call_id": "m1", "duration_ms": length_ms, "offset_ms": start_ms, **fields}
    return recorded(id=id, **named)


def ids(groups: list[list[ToolCall]]) -> list[str]:
    return [" ".join(one.id for one in group) for group in groups]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 5), (1, 1), (9, 1)], ["a b", "c"]),
        ([(0, 5), (5, 5), (10, 1)], ["a", "b", "c"]),
        ([(4, 9), (0, 5), (9, 9)], ["b a c"]),
        ([(0, 9), (1, 1), (5, 1)], ["a b c"]),
        ([(None, None)] * 3, ["a", "b", "c"]),
    ],
)
def test_calls_overlap_by_their_recorded_times(spans: list[Any], expected: list[str]) -> None:
    calls = [call(name, *span) for name, span in zip("abc", spans, strict=True)]

    assert ids(overlapping(calls)) == expected


def test_a_call_that_never_ended_overlaps_all_that_began_later() -> None:
    calls = [call("a", 0, None, outcome="unfinished"), call("b", 50, 1)]

    assert ids(overlapping(calls)) == ["a b"]


def test_without_a_model_call_places_that_count_up_are_one_dispatch() -> None:
    indexes = {"a": 0, "b": 1, "c": 0, "d": 0, "e": 1}
    calls = [
        call(id, None, 1, model_call_id=None, call_index=index) for id, index in indexes.items()
    ]
    calls[4] = calls[4].model_copy(update={"actor": "user"})

    assert ids(asked_together([one.model_copy(update={"duration_ms": None}) for one in calls])) == [
        "a b",
        "c",
        "d",
        "e",
    ]
    assert ids(asked_together(calls)) == ["a b c d", "e"]  # they began while others ran


def verdicts(
    recorded_states: dict[str, str],
    today: dict[str, str | None],
    *,
    worldless: frozenset[tuple[str, str]] = frozenset(),
    alone: dict[str, bool] | None = None,
    answers: dict[str, str] | None = None,
    **ends: Outcome,
) -> list[Any]:
    """Judge ``a`` and ``b``, which overlap and of which ``a`` ends last."""
    spans = {"a": (0, 9), "b": (1, 2)}
    calls = [
        call(id, *spans[id], step_number=number, state_hash=recorded_states[id], tool=f"tool_{id}")
        for number, id in enumerate(spans, start=1)
    ]
    transcript = Transcript(trace=Trace(id="t1", started_at=AT), steps=calls)
    lanes = {
        id: Lanes(
            replayed=replayed(
                (answers or {}).get(id, "ok" if ends.get(id, Outcome.OK) is Outcome.OK else "no"),
                outcome=ends.get(id, Outcome.OK),
                call_id=id,
                state_hash=state,
                tool=f"tool_{id}",
            ),
            alone_leaves_another_state=(alone or {}).get(id),
        )
        for id, state in today.items()
    }
    return judge_trace(transcript, lanes, Rules(), run_id="run", worldless=worldless)


def test_the_state_is_that_of_the_last_call_to_end_in_each_lane() -> None:
    found = verdicts({"a": "both", "b": "half"}, {"a": None, "b": "both"})

    assert [one.verdict for one in found] == [Verdict.SAME, Verdict.SAME]
    assert [one.replayed.state_hash for one in found] == ["both", None]


def test_another_state_is_told_of_the_call_that_ended_last_when_recorded() -> None:
    found = verdicts({"a": "both", "b": "half"}, {"a": None, "b": "other"})

    assert [one.verdict for one in found] == [Verdict.EFFECT_CHANGED, Verdict.SAME]


OTHER: tuple[dict[str, str], dict[str, str | None]] = (
    {"a": "both", "b": "half"},
    {"a": "other", "b": None},
)


def test_where_nothing_tells_whose_doing_it_is_all_that_ran_in_parallel_are_named() -> None:
    first, second = verdicts(*OTHER)

    assert (first.verdict, first.perhaps_of) == (Verdict.EFFECT_CHANGED, ["tool_b"])
    assert second.perhaps_of == []
    (finding,) = collect([first, second])
    assert finding.title.startswith("tool_a or tool_b, in parallel: the same response, but another")


def test_a_tool_that_is_not_given_the_world_has_not_changed_it() -> None:
    first, second = verdicts(*OTHER, worldless=frozenset({("assistant", "tool_a")}))

    assert [first.verdict, second.verdict] == [Verdict.SAME, Verdict.EFFECT_CHANGED]
    assert second.perhaps_of == []


def test_a_call_that_ends_otherwise_leaves_the_other_state() -> None:
    first, second = verdicts(*OTHER, b=Outcome.INVALID_ARGUMENTS)

    assert [first.verdict, second.verdict] == [Verdict.SAME, Verdict.NOW_REJECTED]
    assert second.effect_changed
    assert second.perhaps_of == []


def test_a_call_that_answers_otherwise_leaves_the_other_state() -> None:
    first, second = verdicts(*OTHER, answers={"b": "fee: 2"})

    assert [first.verdict, second.verdict] == [Verdict.SAME, Verdict.RESPONSE_CHANGED]
    assert second.effect_changed


@pytest.mark.parametrize("doers", ["a", "b", "ab"])
def test_the_calls_that_leave_another_state_alone_leave_it(doers: str) -> None:
    found = verdicts(*OTHER, alone={one: one in doers for one in "ab"})

    assert "".join(one.tool_call_id for one in found if one.effect_changed) == doers
    assert not any(one.perhaps_of for one in found)
