"""Which turn a prompt grew out of: proven by the prompt itself, not by ids."""

from __future__ import annotations

from typing import Any

from replay.recorder.calls import LiveTrace, Turn
from replay.recorder.lineage import Lineage
from replay.recorder.wire import CHAT, Question

ASKED = {
    "role": "assistant",
    "tool_calls": [{"id": "call_1", "function": {"name": "f", "arguments": "{}"}}],
}
TOLD = {"role": "tool", "tool_call_id": "call_1", "content": "1"}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def turn(trace: LiveTrace, messages: list[Any], output: Any = ASKED) -> Turn:
    return Turn("m", trace, messages, len(messages), output, None, [], 0.0, 100)


def asks(*messages: Any) -> Question:
    return Question(CHAT, "m", list(messages), [], {}, streamed=False)


def stitched(name: str) -> LiveTrace:
    return LiveTrace(id=name, started_at="", is_stitched=True, step_count=1)


def test_equal_ids_in_two_conversations_are_told_apart_by_their_prompts() -> None:
    lineage = Lineage()
    first, second = (turn(stitched(name), [user(name)]) for name in "ab")
    for each in (first, second):
        lineage.add(CHAT, each, None)

    assert lineage.parent_of(asks(user("a"), ASKED, TOLD), None, None) is first
    assert lineage.parent_of(asks(user("b"), ASKED, TOLD), None, None) is second
    assert lineage.parent_of(asks(user("c"), ASKED, TOLD), None, None) is None


def test_of_equal_conversations_the_one_of_the_same_task_wins() -> None:
    lineage = Lineage()
    first, second = (turn(stitched(name), [user("same")]) for name in "ab")
    for each in (first, second):
        lineage.add(CHAT, each, None)

    assert lineage.parent_of(asks(user("same"), ASKED, TOLD), first, None) is first
    assert lineage.parent_of(asks(user("same"), ASKED, TOLD), second, None) is second


def test_a_system_message_may_change_from_turn_to_turn() -> None:
    lineage = Lineage()
    noon, later = ({"role": "system", "content": f"It is {hour}:00."} for hour in (12, 13))
    before = turn(stitched("a"), [noon, user("Hi")])
    lineage.add(CHAT, before, None)

    assert lineage.parent_of(asks(later, user("Hi"), ASKED, TOLD), None, None) is before


def test_a_window_that_slides_is_followed_by_an_id_used_once() -> None:
    lineage = Lineage()
    before = turn(stitched("a"), [user("1"), user("2"), user("3")])
    lineage.add(CHAT, before, None)

    assert lineage.parent_of(asks(user("3"), ASKED, TOLD), None, None) is before


def test_examples_in_a_first_prompt_make_no_lineage() -> None:
    lineage = Lineage()
    said = {"role": "assistant", "content": "4"}
    lineage.add(CHAT, turn(stitched("a"), [user("2 + 2?")], said), None)

    assert lineage.parent_of(asks(user("1 + 1?"), said, user("go on")), None, None) is None


def test_a_turn_belongs_to_its_own_scope_only() -> None:
    lineage = Lineage()
    mine, other = (LiveTrace(id=name, started_at="", step_count=1) for name in "ab")
    lineage.add(CHAT, turn(mine, [user("Hi")]), None)

    assert lineage.parent_of(asks(user("Hi"), ASKED, TOLD), None, other) is None
    assert lineage.parent_of(asks(user("Hi"), ASKED, TOLD), None, None) is None
    assert lineage.parent_of(asks(user("Hi"), ASKED, TOLD), None, mine) is not None
