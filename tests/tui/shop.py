"""A database of a small shop with tools that run, for what the screen has others do."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from replay.records import Interaction, ModelCall, ToolCall, Trace
from replay.store import Store
from tests.tui.person import Person
from tests.tui.records import moment

TOOLS = '''
import os
import time

import httpx

from replay import Toolbox

toolbox = Toolbox("shop")


@toolbox.world
def world(start):
    return {"sold": []}


@toolbox.tool
def price(item: str) -> dict:
    """Tell the price of an item."""
    answer = httpx.get("http://127.0.0.1:9/rate").json()
    return {"item": item, "cents": len(item) * answer["rate"]}


@toolbox.tool
def buy(item: str, count: int = 1, *, world: dict) -> dict:
    """Buy some."""
    world["sold"] += [item] * count
    return {"order": f"order-{len(world['sold'])}", "count": len(world["sold"])}


@toolbox.tool
def receipt(order: str, *, world: dict) -> dict:
    """Print the receipt of an order."""
    return {"order": order, "items": len(world["sold"])}


@toolbox.tool
def wait(seconds: int) -> str:
    """Take its time, in earnest: arithmetic has no clock that could be frozen."""
    for _ in range(seconds * 10_000_000):
        pass
    return "done"


@toolbox.tool
def hold(until: str) -> str:
    """Take until a file is there: who looks on says when."""
    while not os.path.exists(until):
        os.sched_yield()
    return "done"
'''

HOLDING = TOOLS.replace('"""Buy some."""', '"""Buy some."""\n    hold("go")')
"""The same tools; ``buy`` holds until a file ``go`` is there."""

QUESTION = {"role": "user", "content": "Buy me tea."}


def shop_records(trace: str = "tea") -> list[Any]:
    """A trace: the model asks a price, buys, and has the receipt printed."""
    calls = [
        ("price", '{"item": "tea"}', '{"item": "tea", "cents": 30}'),
        ("buy", '{"item": "tea", "count": 2}', '{"order": "order-2", "count": 2}'),
        ("receipt", '{"order": "order-2"}', '{"order": "order-2", "total": 2}'),
    ]
    records: list[Any] = [
        Trace(id=trace, app="shop", started_at=moment(0), ended_at=moment(9)),
    ]
    for at, (tool, arguments, response) in enumerate(calls):
        number = 2 * at + 1
        records += [
            ModelCall(
                id=f"{trace}-m{number}",
                trace_id=trace,
                step_number=number,
                provider="openai",
                api="chat.completions",
                model="small-1",
                parameters={"temperature": 0},
                messages=[QUESTION],
                output={"role": "assistant", "content": None},
                started_at=moment(number),
            ),
            ToolCall(
                id=f"{trace}-c{number + 1}",
                trace_id=trace,
                step_number=number + 1,
                model_call_id=f"{trace}-m{number}",
                provider_call_id=f"call_{at}",
                tool=tool,
                arguments=arguments,
                response=response,
                outcome="ok",
                started_at=moment(number + 1),
                attributes={"request_id": f"req-{at}"},
            ),
        ]
    return [*records, rate(trace)]


def rate(trace: str) -> Interaction:
    """What ``price`` asked, and what it was answered."""
    headers = {"accept": ["*/*"], "host": ["127.0.0.1:9"]}
    exchange = {
        "protocol": "http",
        "via": "httpx",
        "sequence": 1,
        "offset_ms": 0.0,
        "duration_ms": 1.0,
        "head_ms": None,
        "request": {
            "method": "GET",
            "uri": "http://127.0.0.1:9/rate",
            "headers": headers,
            "body": None,
        },
        "response": {
            "status": 200,
            "reason": "OK",
            "http_version": "HTTP/1.1",
            "headers": {"content-type": ["application/json"]},
            "body": {"json": {"rate": 10}},
            "closed_early": False,
        },
        "failure": None,
    }
    return Interaction(
        id=f"{trace}-i1",
        tool_call_id=f"{trace}-c2",
        interaction_index=0,
        exchange=exchange,
        bound_by="call",
    )


def held_records(gate: Path) -> list[Any]:
    """A trace, ``long``, whose only call takes until the file ``gate`` is there."""
    return [
        Trace(id="long", started_at=moment(30)),
        ToolCall(
            id="long-c1",
            trace_id="long",
            step_number=1,
            provider_call_id="call_1",
            tool="hold",
            arguments=json.dumps({"until": str(gate)}),
            response="done",
            outcome="ok",
            started_at=moment(31),
        ),
    ]


def let_go(gate: Path) -> None:
    """End what holds until ``gate`` is there."""
    gate.touch()


def make_shop(folder: Path, *more: Any) -> Path:
    """Write the tools and the database into ``folder``; return the database."""
    (folder / "shop.py").write_text(TOOLS)
    config = '[tool.replay]\ntools = "shop:toolbox"\ndeadline_ms = 60000\n'
    (folder / "pyproject.toml").write_text(config)
    database = folder / "traces.db"
    with Store.open(database, "create") as store:
        store.append_all([*shop_records(), *more])
    return database


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Name a shell script as the editor; ``$1`` is the file."""
    script = folder / "editor.sh"
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(script))


async def at_step(person: Person, number: int) -> None:
    await person.sees("stopped at")
    await person.press("g", *["n"] * (number - 1))
    await person.sees(f"stopped at {number}")
