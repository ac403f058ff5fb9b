"""The synthetic traffic of the recording benchmark.

A model call's prompt is 64 KB in the mean and repeats the whole conversation: 6 KB of system
prompt, 8 KB of tool schemas, then every earlier answer and tool response. Each model call asks for
one or two tools (1.5 in the mean), each with 0.8 KB of arguments and a response of 4 KB. The text
is words of a vocabulary with its usual skew, numbers and ids; zstd-3 makes a whole record 2.8
times smaller.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

MODEL_CALLS_PER_TRACE = 12
STARTED_AT = "2026-11-21T09:00:00.000000Z"

_moments = count(1_795_251_600_000_000, 997)


@dataclass(frozen=True, slots=True)
class Event:
    """One record as the recorder hands it over: plain fields."""

    kind: str
    fields: dict[str, Any]


def events(trace_count: int, seed: int = 1) -> Iterator[Event]:
    """Yield the records of so many traces, in the order in which they happen."""
    for trace_index in range(trace_count):
        yield from _Conversation(random.Random(seed * 100_003 + trace_index)).events()


class _Conversation:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        shared = random.Random(7)
        self._vocabulary = _vocabulary(shared)
        self._system = _text(shared, self._vocabulary, 6_000)
        self._tools = [_tool(shared, self._vocabulary, index) for index in range(8)]
        self._trace_id = _id(chance)

    def events(self) -> Iterator[Event]:
        chance = self._chance
        yield Event("trace", {"id": self._trace_id, "app": "benchmark", "started_at": STARTED_AT})
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": self._system},
            {"role": "user", "content": self._words(400)},
        ]
        step = 0
        for turn in range(MODEL_CALLS_PER_TRACE):
            asked = [self._asked() for _ in range(1 + turn % 2)]
            answer = {
                "role": "assistant",
                "content": self._words(300),
                "tool_calls": [one for one, _ in asked],
            }
            step += 1
            model_call = self._model_call(step, messages, answer)
            yield Event("model_call", model_call)
            messages = [*messages, answer]
            for call_index, (one, arguments) in enumerate(asked):
                step += 1
                response = self._object(4_000)
                yield Event(
                    "tool_call",
                    {
                        "id": _id(chance),
                        "trace_id": self._trace_id,
                        "step_number": step,
                        "model_call_id": model_call["id"],
                        "call_index": call_index,
                        "provider_call_id": one["id"],
                        "tool": one["function"]["name"],
                        "tool_version": "1",
                        "arguments": one["function"]["arguments"],
                        "payload": arguments,
                        "result": json.loads(response),
                        "response": response,
                        "outcome": "ok" if chance.random() < 0.97 else "failed",
                        "started_at": STARTED_AT,
                        "duration_ms": chance.random() * 100,
                    },
                )
                messages.append({"role": "tool", "tool_call_id": one["id"], "content": response})

    def _model_call(
        self, step: int, messages: list[dict[str, Any]], answer: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "id": _id(self._chance),
            "trace_id": self._trace_id,
            "step_number": step,
            "provider": "openai",
            "api": "chat.completions",
            "model": "gpt-x",
            "response_model": "gpt-x-2026-10-01",
            "messages": messages,
            "tools": self._tools,
            "parameters": {"temperature": 0, "tool_choice": "auto"},
            "output": answer,
            "finish_reason": "tool_calls",
            "usage": {"prompt_tokens": 16_000, "completion_tokens": 300, "total_tokens": 16_300},
            "response_id": f"chatcmpl-{_id(self._chance)}",
            "started_at": STARTED_AT,
            "duration_ms": self._chance.random() * 2_000,
            "status_code": 200,
        }

    def _asked(self) -> tuple[dict[str, Any], dict[str, Any]]:
        text = self._object(800)
        name = self._tools[self._chance.randrange(len(self._tools))]["function"]["name"]
        asked = {
            "id": f"call_{_id(self._chance)[:24]}",
            "type": "function",
            "function": {"name": name, "arguments": text},
        }
        return asked, json.loads(text)

    def _object(self, size: int) -> str:
        chance = self._chance
        rows = []
        length = 2
        while length < size:
            row = {
                "id": _id(chance)[:12],
                "name": self._words(24),
                "price": round(chance.random() * 900, 2),
                "note": self._words(90),
            }
            rows.append(row)
            length += len(json.dumps(row)) + 2
        return json.dumps({"rows": rows})

    def _words(self, size: int) -> str:
        return _text(self._chance, self._vocabulary, size)


def _vocabulary(chance: random.Random) -> list[str]:
    letters = "etaoinshrdlucmfwypvbgk"
    return ["".join(chance.choices(letters, k=chance.randint(2, 11))) for _ in range(4_000)]


def _text(chance: random.Random, vocabulary: list[str], size: int) -> str:
    words: list[str] = []
    length = 0
    while length < size:
        # The square of a uniform number: a few words are frequent, most are rare.
        word = vocabulary[int(chance.random() ** 2 * len(vocabulary))]
        words.append(word)
        length += len(word) + 1
    return " ".join(words)[:size]


def _tool(chance: random.Random, vocabulary: list[str], index: int) -> dict[str, Any]:
    properties = {
        f"{vocabulary[chance.randrange(4_000)]}_{number}": {
            "type": "string",
            "description": _text(chance, vocabulary, 110),
        }
        for number in range(5)
    }
    return {
        "type": "function",
        "function": {
            "name": f"tool_{index}",
            "description": _text(chance, vocabulary, 120),
            "parameters": {"type": "object", "properties": properties},
        },
    }


def _id(chance: random.Random) -> str:
    # As the recorder makes them: the time, then chance.
    return f"{next(_moments):x}{chance.getrandbits(44):011x}"
