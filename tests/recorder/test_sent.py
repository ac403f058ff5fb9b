"""Reading a prompt from where the last one ended gives what reading the whole body gives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from replay.recorder.sent import Sent, read_sent
from replay.recorder.wire import CHAT, Question, read_question

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"required": ["x"]}}}]
USER = {"role": "user", "content": 'Say "],"model":" and \\ and [1,2],"'}
NESTED = {"role": "assistant", "content": [{"parts": ["a"], "model": "nested"}], "n": 1}
TOLD = {"role": "tool", "tool_call_id": "c", "content": '{"rows":["x"],"model":"y"}'}


ORDERS = (
    ("messages", "model", "temperature", "tools"),
    ("model", "messages", "temperature", "tools"),
    ("temperature", "model", "tools", "messages"),
)
"""Clients write the messages first, after the model, or last."""


def _body(messages: list[Any], order: tuple[str, ...] = ORDERS[0], **more: Any) -> bytes:
    values = {"messages": messages, "model": "gpt-x", "temperature": 0, "tools": TOOLS}
    body = {**{name: values[name] for name in order}, **more}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _read(content: bytes, before: Sent | None) -> Question:
    question = read_question(CHAT, content, before)
    assert question is not None
    return question


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ([USER], [USER, TOLD]),
        ([USER], [USER]),
        ([USER, TOLD], [USER]),
        ([], [USER]),
        ([USER], [TOLD, USER]),
        ([USER], [USER, NESTED, TOLD]),
        ([NESTED], [NESTED, TOLD]),
        ([1], [12]),
        ([1], [1.5, USER]),
    ],
)
def test_a_body_is_read_alike_with_and_without_the_one_before(
    earlier: list[Any], later: list[Any], order: tuple[str, ...]
) -> None:
    before = _read(_body(earlier, order), None).sent

    whole = json.loads(_body(later, order))
    question = _read(_body(later, order), before)

    assert question.messages == whole["messages"]
    assert (question.model, question.tools) == ("gpt-x", TOOLS)
    assert question.parameters == {"temperature": 0}
    if question.sent is not None:
        assert json.loads(question.sent.messages_json()) == whole["messages"]


@pytest.mark.parametrize("order", ORDERS)
def test_only_what_is_new_is_parsed(order: tuple[str, ...]) -> None:
    before = _read(_body([USER], order), None).sent
    assert before is not None

    question = _read(_body([USER, TOLD], order), before)

    assert question.messages[0] is before.messages[0]
    assert question.sent is not None
    assert question.sent.rest is before.rest


def test_what_follows_the_messages_may_change() -> None:
    before = _read(_body([USER]), None).sent

    question = _read(_body([USER, TOLD], seed=7), before)

    assert question.parameters == {"temperature": 0, "seed": 7}


@pytest.mark.parametrize(
    "content",
    [
        b'{"metadata":{"messages":[{}]},"messages":[],"model":"m"}',
        b'{"messages":[{}],"model":"m","messages":[]}',
        b'{"messages":[{}],"model":',
        b'{"messages":{},"model":"m"}',
        b'{"messages": [{}], "model": "m"}',
        b'{"messages":["\\ud800"],"model":"m"}',
    ],
)
def test_a_body_written_otherwise_is_not_cut(content: bytes) -> None:
    assert read_sent(CHAT, content, None) is None
