from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

from replay.errors import ToolboxError
from replay.records import Outcome
from replay.tools import FromWorld, Toolbox, run_call, run_call_sync, state_hash


class Shop:
    def __init__(self, stock: dict[str, int]) -> None:
        self.stock = stock
        self.log: list[str] = []

    def take(self, sku: str, count: int = 1) -> int:
        """Take from the stock."""
        self.stock[sku] -= count
        return self.stock[sku]

    async def count(self, sku: str) -> int:
        return self.stock[sku]

    @property
    def size(self) -> int:
        return len(self.stock)

    def _hidden(self) -> None: ...


def shop_toolbox() -> Toolbox:
    toolbox = Toolbox("shop")

    @toolbox.tool
    def by_type(sku: str, where: Shop) -> int:
        return where.stock[sku]

    @toolbox.tool
    def by_name(sku: str, world) -> int:  # type: ignore[no-untyped-def]
        return int(world.stock[sku])

    @toolbox.tool
    def by_mark(stock: Annotated[dict[str, int], FromWorld("stock")], sku: str) -> int:
        return stock[sku]

    @toolbox.tool
    def by_function(size: Annotated[int, FromWorld(lambda shop: shop.size)]) -> int:
        return size

    @toolbox.world
    def make(start: dict[str, int]) -> Shop:
        return Shop(dict(start))

    return toolbox


def test_tools_get_the_world_by_type_by_name_and_by_mark() -> None:
    toolbox = shop_toolbox()
    with toolbox.session({"apple": 3}) as session:
        results = {
            tool: run_call_sync(
                toolbox,
                tool=tool,
                arguments="{}" if tool == "by_function" else '{"sku":"apple"}',
                world=session.world,
            ).result
            for tool in toolbox.names()
        }

    assert results == {"by_type": 3, "by_name": 3, "by_mark": 3, "by_function": 1}


def test_the_world_is_in_no_schema() -> None:
    shown = [
        list(tool.get("function", {})["parameters"]["properties"])
        for tool in shop_toolbox().schemas("openai")
    ]

    assert shown == [["sku"], ["sku"], ["sku"], []]


def test_a_model_cannot_name_a_parameter_that_the_world_fills() -> None:
    toolbox = shop_toolbox()
    toolbox.add(
        lambda world, **arguments: "ran",
        name="open",
        schema={"type": "object", "properties": {}},
    )

    gated = run_call_sync(
        toolbox, tool="by_name", arguments='{"sku":"apple","world":{}}', world=Shop({"apple": 1})
    )
    reported = run_call_sync(toolbox, tool="open", arguments='{"world":{}}', world=Shop({}))

    assert gated.outcome is reported.outcome is Outcome.INVALID_ARGUMENTS
    assert reported.error is not None
    assert "multiple values for keyword argument 'world'" in reported.error.message


def test_the_parameter_name_of_the_world_can_be_chosen() -> None:
    toolbox = Toolbox()

    class Lookup:
        @staticmethod
        def invoke(data: dict[str, Any], key: str) -> str:
            return str(data[key])

        @staticmethod
        def get_info() -> dict[str, Any]:
            schema = {"type": "object", "properties": {"key": {"type": "string"}}}
            return {"type": "function", "function": {"name": "lookup", "parameters": schema}}

    for one in [Lookup]:
        toolbox.add(one.invoke, schema=one.get_info())

    @toolbox.world(inject_as="data")
    def load() -> dict[str, str]:
        return {"a": "1"}

    with toolbox.session() as session:
        result = run_call_sync(toolbox, tool="lookup", arguments='{"key":"a"}', world=session.world)
        missing = run_call_sync(toolbox, tool="lookup", arguments="{}", world=session.world)

    assert result.response == "1"
    assert missing.error is not None
    assert "missing 1 required positional argument: 'key'" in missing.error.message


def test_methods_of_an_object_in_the_world_are_tools() -> None:
    toolbox = Toolbox()
    tools = toolbox.add_methods(Shop, from_world="shop", prefix="shop_")
    toolbox.world(lambda: {"shop": Shop({"apple": 5})})

    with toolbox.session() as session:
        taken = run_call_sync(
            toolbox,
            tool="shop_take",
            arguments='{"sku":"apple"}',
            positional=None,
            world=session.world,
        )
        placed = run_call_sync(
            toolbox, tool="shop_take", arguments="{}", positional=["apple", 2], world=session.world
        )
        counted = asyncio.run(
            run_call(toolbox, tool="shop_count", arguments='{"sku":"apple"}', world=session.world)
        )

    assert [tool.name for tool in tools] == ["shop_count", "shop_take"]
    assert (taken.result, placed.result, counted.result) == (4, 2, 2)
    assert toolbox.find("shop_take").description == "Take from the stock."  # type: ignore[union-attr]


def test_methods_can_be_chosen_by_name_and_by_predicate() -> None:
    by_name, by_rule = Toolbox(), Toolbox()
    by_name.add_methods(Shop, names=["take"])
    by_rule.add_methods(Shop, select=lambda method: method.__name__.startswith("c"))

    assert by_name.names() == ["take"]
    assert by_rule.names() == ["count"]
    with pytest.raises(ToolboxError, match=r"no public method 'tak'\.\nNearest: take"):
        Toolbox().add_methods(Shop, names=["tak"])


def test_a_session_finds_its_world_and_worlds_do_not_mix() -> None:
    toolbox = shop_toolbox()
    ask = [
        {"type": "function", "id": "1", "function": {"name": "by_type", "arguments": '{"sku":"a"}'}}
    ]

    with toolbox.session({"a": 1}):
        outer = toolbox.dispatch_sync(ask)
        with toolbox.session({"a": 2}):
            inner = toolbox.dispatch_sync(ask)
        again = toolbox.dispatch_sync(ask)

    assert [one[0]["content"] for one in (outer, inner, again)] == ["1", "2", "1"]


def test_a_call_that_needs_a_world_outside_any_session_says_what_to_do() -> None:
    toolbox = shop_toolbox()
    ask = {"type": "function", "id": "1", "function": {"name": "by_type", "arguments": "{}"}}

    with pytest.raises(ToolboxError) as caught:
        toolbox.dispatch_sync([ask])

    assert "with toolbox.session(start)" in str(caught.value)


def test_sessions_of_concurrent_tasks_keep_apart() -> None:
    toolbox = shop_toolbox()
    ask = [
        {"type": "function", "id": "1", "function": {"name": "by_type", "arguments": '{"sku":"a"}'}}
    ]

    async def talk(number: int) -> str:
        async with toolbox.session({"a": number}):
            await asyncio.sleep(0)
            return str((await toolbox.dispatch(ask))[0]["content"])

    async def main() -> list[str]:
        return await asyncio.gather(*(talk(number) for number in range(20)))

    assert asyncio.run(main()) == [str(number) for number in range(20)]


@pytest.mark.parametrize(
    "kind", ["generator", "manager", "async function", "async generator", "async manager"]
)
def test_every_kind_of_factory_makes_and_takes_down(kind: str) -> None:
    events: list[str] = []
    toolbox = Toolbox()

    def generator(start: str) -> Iterator[str]:
        events.append(f"made from {start}")
        yield start * 2
        events.append("taken down")

    async def async_generator(start: str) -> AsyncIterator[str]:
        for one in generator(start):
            yield one

    async def async_function(start: str) -> str:
        events.extend([f"made from {start}", "taken down"])
        return start * 2

    factories: dict[str, Any] = {
        "generator": generator,
        "manager": contextlib.contextmanager(generator),
        "async function": async_function,
        "async generator": async_generator,
        "async manager": contextlib.asynccontextmanager(async_generator),
    }
    toolbox.world(factories[kind])

    async def main() -> Any:
        async with toolbox.session("x") as session:
            return session.world

    assert asyncio.run(main()) == "xx"
    assert events == ["made from x", "taken down"]
    if not toolbox.world_is_async and "async" not in kind:
        with toolbox.session("y") as session:
            assert session.world == "yy"
        assert events[2:] == ["made from y", "taken down"]


def test_a_generator_is_told_when_the_session_fails() -> None:
    toolbox = Toolbox()
    seen: list[str] = []

    @toolbox.world
    def make() -> Iterator[int]:
        try:
            yield 1
        except ValueError as error:
            seen.append(str(error))
            raise

    with pytest.raises(ValueError, match="mine"), toolbox.session():
        raise ValueError("mine")

    assert seen == ["mine"]


def test_a_connection_is_the_world_and_is_not_entered(tmp_path: Path) -> None:
    toolbox = Toolbox()

    @toolbox.world
    def make() -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
            yield connection

    @toolbox.tool
    def tables(database: sqlite3.Connection) -> int:
        return int(database.execute("select count(*) from sqlite_master").fetchone()[0])

    with toolbox.session() as session:
        assert isinstance(session.world, sqlite3.Connection)
        assert (
            run_call_sync(toolbox, tool="tables", arguments="{}", world=session.world).result == 0
        )


def test_an_async_world_in_plain_code_says_what_to_use() -> None:
    toolbox = Toolbox()

    @toolbox.world
    async def make() -> int:
        return 1

    with pytest.raises(ToolboxError, match="Use `async with"), toolbox.session():
        pass


def test_whether_the_world_depends_on_the_start_is_known() -> None:
    fixed, open_, none = Toolbox(), Toolbox(), Toolbox()
    fixed.world(lambda: 1)
    open_.world(lambda start: start)

    assert [one.world_takes_start for one in (fixed, open_, none)] == [False, True, False]


def test_the_state_is_told_by_its_digest_after_each_call() -> None:
    toolbox = Toolbox()
    toolbox.add_methods(Shop)
    toolbox.state(lambda shop: shop.stock)
    shop = Shop({"a": 2, "b": 1})

    before = state_hash({"b": 1, "a": 2})
    read = run_call_sync(toolbox, tool="count", arguments='{"sku":"a"}', world=shop)
    written = run_call_sync(toolbox, tool="take", arguments='{"sku":"a"}', world=shop)
    rejected = run_call_sync(toolbox, tool="take", arguments="{}", world=shop)

    assert read.state_hash == before
    assert written.state_hash != before
    assert written.state_hash == rejected.state_hash == state_hash({"a": 1, "b": 1})


def test_a_state_that_cannot_be_shown_is_noted() -> None:
    toolbox = Toolbox()
    toolbox.add_methods(Shop)
    toolbox.state(lambda shop: object())

    result = run_call_sync(toolbox, tool="take", arguments='{"sku":"a"}', world=Shop({"a": 1}))

    assert (result.outcome, result.state_hash) == (Outcome.OK, None)
    assert result.notes[0].startswith("The state cannot be shown: NotJson")


def test_after_each_call_that_returned_the_hook_sees_the_world_before_its_state_is_read() -> None:
    toolbox = shop_toolbox()
    toolbox.state(lambda shop: shop.log)
    toolbox.after_call(lambda shop: shop.log.append("kept in step"))
    shop = Shop({"tea": 3})

    sold = run_call_sync(toolbox, tool="by_name", arguments='{"sku": "tea"}', world=shop)
    missing = run_call_sync(toolbox, tool="by_name", arguments='{"sku": "milk"}', world=shop)

    assert (sold.outcome, missing.outcome) == (Outcome.OK, Outcome.FAILED)
    assert shop.log == ["kept in step"]
    assert sold.state_hash == state_hash(["kept in step"])


def test_an_async_hook_after_the_call_is_awaited_and_its_error_is_the_calls() -> None:
    toolbox = shop_toolbox()

    @toolbox.after_call
    async def keep_in_step(shop: Shop) -> None:
        await asyncio.sleep(0)
        raise ValueError("out of step")

    result = asyncio.run(
        run_call(toolbox, tool="by_name", arguments='{"sku": "tea"}', world=Shop({"tea": 3}))
    )

    assert result.outcome is Outcome.FAILED
    assert result.error is not None
    assert result.error.message == "out of step"
