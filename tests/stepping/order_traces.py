"""Recorded conversations about orders, made of records, and their recorded answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from replay.records import ModelCall, ToolCall, Trace
from replay.store import Store

CALLS: list[tuple[str, dict[str, Any], Any]] = [
    ("look", {"order": "W1"}, {"order": "W1", "status": "open", "items": ["tea"]}),
    ("move", {"order": "W1", "status": "sent"}, {"order": "W1", "status": "sent"}),
    (
        "place",
        {"order": "W2", "items": ["cup", "pot"]},
        {"order": "W2", "status": "open", "total": 21.0},
    ),
    ("look", {"order": "W1"}, {"order": "W1", "status": "sent", "items": ["tea"]}),
    ("move", {"order": "W1", "status": "lost"}, {"order": "W1", "status": "lost"}),
    ("drop", {"order": "W2"}, "dropped"),
    ("move", {"order": "W1", "status": "open"}, {"order": "W1", "status": "open"}),
]


def moment(second: int) -> str:
    return f"2026-11-20T10:{second // 60:02d}:{second % 60:02d}.000000Z"


def orders_trace(
    trace: str, calls: list[tuple[str, dict[str, Any], Any]], begins: int = 0
) -> list[Any]:
    """A trace in which the model asks for one call after the other: 1 model, 2 tool, 3 model..."""
    records: list[Any] = [
        Trace(id=trace, app="orders", started_at=moment(begins), ended_at=moment(begins + 50))
    ]
    messages: list[Any] = [{"role": "user", "content": f"Where is W1? ({trace})"}]
    for at, (tool, arguments, answer) in enumerate(calls):
        text = json.dumps(arguments)
        asked = {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": f"p{at}",
                    "type": "function",
                    "function": {"name": tool, "arguments": text},
                }
            ],
        }
        response = answer if isinstance(answer, str) else json.dumps(answer)
        records += [
            ModelCall(
                id=f"{trace}-m{at}",
                trace_id=trace,
                step_number=2 * at + 1,
                api="chat.completions",
                model="small-1",
                messages=list(messages),
                output=asked,
                started_at=moment(begins + 2 * at),
                duration_ms=5.0,
            ),
            ToolCall(
                id=f"{trace}-c{at}",
                trace_id=trace,
                step_number=2 * at + 2,
                model_call_id=f"{trace}-m{at}",
                provider_call_id=f"p{at}",
                tool=tool,
                tool_version="2" if tool == "place" else None,
                arguments=text,
                payload=arguments,
                result=answer,
                response=response,
                outcome="ok",
                started_at=moment(begins + 2 * at + 1),
                duration_ms=1.0 + at,
            ),
        ]
        messages += [asked, {"role": "tool", "tool_call_id": f"p{at}", "content": response}]
    return records


def write_orders(path: Path) -> Path:
    """Two traces of orders; ``orders-b`` is the newer one and has two calls only."""
    with Store.open(path, "create") as store:
        store.append_all(
            [*orders_trace("orders-a", CALLS), *orders_trace("orders-b", CALLS[:2], 90)]
        )
    return path
