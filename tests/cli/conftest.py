"""A small recorded database, made of records, and tools to replay it with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.records import ModelCall, Outcome, ToolCall, Trace
from replay.store import Store
from tests.cli.shop_service import TOOLS as ASKING_TOOLS
from tests.cli.shop_service import Service, record

TOOLS = '''
from replay import Toolbox

toolbox = Toolbox("shop")


@toolbox.tool
def price(item: str) -> dict:
    """Tell the price of an item."""
    return {"item": item, "price": len(item)}
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with ``traces.db`` (three traces) and ``shop.py``, 80 columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "shop.py").write_text(TOOLS)
    with Store.open(tmp_path / "traces.db", mode="create") as store:
        for number, item in enumerate(["tea", "cup", "kettle"], start=1):
            store.append_all(one_trace(number, item))
    return tmp_path


def one_trace(number: int, item: str) -> list[Trace | ModelCall | ToolCall]:
    """Return the records of one conversation: a question, a call, an answer."""
    at = f"2026-11-2{number}T09:00:00.000000Z"
    asked = {"role": "user", "content": f"What is a {item}?\nTell me quickly."}
    name = f"t{number}-{item}"
    return [
        Trace(id=name, app="shop", started_at=at, ended_at=at, labels={"item": item}),
        ModelCall(
            id=f"{name}-m1",
            trace_id=name,
            step_number=1,
            api="chat.completions",
            model="demo-1",
            messages=[asked],
            tools=[{"type": "function", "function": {"name": "price"}}],
            output={"role": "assistant", "content": None},
            started_at=at,
            duration_ms=812.0,
        ),
        ToolCall(
            id=f"{name}-c1",
            trace_id=name,
            step_number=2,
            model_call_id=f"{name}-m1",
            tool="price",
            arguments=f'{{"item": "{item}"}}',
            payload={"item": item},
            result={"item": item, "price": len(item)},
            response=f'{{"item":"{item}","price":{len(item)}}}',
            outcome=Outcome.OK,
            started_at=at,
            duration_ms=3.2,
        ),
    ]


@pytest.fixture
def service() -> Iterator[Service]:
    running = Service()
    yield running
    running.close()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, service: Service) -> Path:
    """``shop.py``, and one recorded trace: rate, order, left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    file = tmp_path / "shop.py"
    file.write_text(ASKING_TOOLS.format(port=service.port))
    record(
        file, ("rate", {"currency": "EUR"}), ("order", {"item": "tea"}), ("left", {"item": "tea"})
    )
    service.asked.clear()
    return file
