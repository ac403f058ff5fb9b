"""What is not HTTP: recorded at the boundary the user draws, never executed in replay."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import decimal
import enum
import json
import subprocess
import sys
import uuid
from collections import namedtuple
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import orjson
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassettes import Cassette, CassetteMiss, Interaction, ValueNotKept, external, freeze
from cassettes.values import decode, encode

calls: list[str] = []


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Order:
    number: int
    placed: datetime.datetime


class Customer(pydantic.BaseModel):
    name: str


Point = namedtuple("Point", "x y")


class Refused(Exception):
    def __init__(self, code: int, *, retry: bool) -> None:
        super().__init__(f"refused with {code}")
        self.code = code
        self.retry = retry


@external(name="ledger.balance")
def balance(account: str, *, currency: str = "EUR") -> dict[str, object]:
    calls.append("balance")
    if account == "closed":
        raise Refused(403, retry=False)
    return {"balance": decimal.Decimal("10.50"), "currency": currency}


@external(effect="write")
def transfer(account: str, amount: int) -> str:
    calls.append("transfer")
    return f"{account}:{amount}"


@external
async def lookup(name: str) -> tuple[str, bytes]:
    calls.append("lookup")
    await asyncio.sleep(0)
    return name, b"\xff"


@external
def rows(count: int):
    for number in range(count):
        calls.append("row")
        yield Point(number, number * 2)
    if count > 2:
        raise LookupError("the cursor broke")


@external
async def pages(count: int):
    for number in range(count):
        calls.append("page")
        yield {"page": number}


class Repository:
    @external(effect="read")
    def find(self, number: int) -> Order:
        calls.append("find")
        return Order(number, datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC))


def _tool():
    seen: list[object] = [balance("a"), balance("b", currency="USD"), transfer("a", 5)]
    with pytest.raises(Refused) as caught:
        balance("closed")
    seen.append((str(caught.value), caught.value.code, caught.value.retry))
    seen.append(asyncio.run(lookup("x")))
    seen.append(list(rows(2)))
    broken = rows(3)
    seen.append([next(broken), next(broken), next(broken)])
    with pytest.raises(LookupError, match="the cursor broke"):
        next(broken)

    async def collect():
        return [page async for page in pages(2)]

    seen.append(asyncio.run(collect()))
    seen.append(Repository().find(7))
    return seen


def test_externals_replay_without_running():
    calls.clear()
    recording = Cassette("t")
    with freeze(recording):
        recorded = _tool()
    ran = list(calls)
    forms = json.loads(json.dumps([one.to_json() for one in recording.interactions]))
    replay = Cassette("t", "replay", map(Interaction.from_json, forms))
    with freeze(replay):
        replayed = _tool()

    assert replayed == recorded
    assert calls == ran
    assert replay.unused == []
    assert forms[0]["protocol"] == "external"
    assert forms[0]["request"]["uri"] == "external://ledger.balance"


def test_a_write_that_is_not_on_the_cassette_is_never_executed():
    recording = Cassette("t")
    with freeze(recording):
        transfer("a", 5)
    calls.clear()

    with (
        freeze(Cassette("t", "replay", recording.interactions)),
        pytest.raises(CassetteMiss, match=r"body\.args\[1\]: recorded 5, asked 6"),
    ):
        transfer("a", 6)

    assert calls == []


def test_what_an_external_asks_by_http_belongs_to_it(server):
    @external(name="wrapped")
    def wrapped():
        return httpx.get(f"{server.url}/echo/inner").json()["id"]

    recording = Cassette("t")
    with freeze(recording):
        wrapped()
    server.stop()
    with freeze(Cassette("t", "replay", recording.interactions)):
        assert wrapped() == "inner"

    assert [one.via for one in recording.interactions] == ["external"]


def test_a_function_of_the_program_itself_has_the_name_that_a_replay_imports_it_by(tmp_path):
    """`python shop.py` records as `__main__`, and a replay imports `shop`."""
    (tmp_path / "shop.py").write_text(
        "from cassettes import Cassette, external, freeze\n"
        "@external\n"
        "def ask(): return 1\n"
        "with freeze(Cassette('c')) as cassette: ask()\n"
        "print(cassette.interactions[0].request.uri)\n"
    )
    printed = {
        subprocess.check_output([sys.executable, *command], cwd=tmp_path, text=True)
        for command in (["shop.py"], ["-m", "shop"], ["-c", "import shop"])
    }

    assert printed == {"external://shop.ask\n"}


def test_a_key_of_ones_own_replaces_arguments_that_differ_each_time():
    @external(key=lambda connection, sql: sql)
    def query(connection, sql):
        return [sql]

    recording = Cassette("t")
    with freeze(recording):
        query(object(), "select 1")

    with freeze(Cassette("t", "replay", recording.interactions)):
        assert query(object(), "select 1") == ["select 1"]


class Hostile:
    def __repr__(self) -> str:
        raise RuntimeError("not for you")

    def __getattr__(self, name: str):
        raise LookupError(name)


def test_no_value_stops_an_application_that_records():
    endless: list[object] = []
    endless.append(endless)

    @external
    def ask(one, two):
        return [one, two]

    recording = Cassette("t")
    with freeze(recording):
        assert ask(Hostile(), endless)[1] is endless

    (only,) = recording.interactions
    assert json.loads(json.dumps(only.to_json()))
    with freeze(Cassette("t", "replay", recording.interactions)), pytest.raises(ValueNotKept):
        ask(Hostile(), endless)


def test_an_exception_that_was_given_back_comes_back_as_one():
    @external
    def ask():
        return [Refused(403, retry=False), FileNotFoundError(2, "No such file", "x.txt")]

    recording = Cassette("t")
    with freeze(recording):
        ask()
    with freeze(Cassette("t", "replay", recording.interactions)):
        refused, missing = ask()

    assert (type(refused), refused.code, str(refused)) == (Refused, 403, "refused with 403")
    assert str(missing) == "[Errno 2] No such file: 'x.txt'"


def test_a_value_without_a_form_says_so_when_it_is_needed():
    @external
    def connect():
        return object()

    recording = Cassette("t")
    with freeze(recording):
        connect()

    with (
        freeze(Cassette("t", "replay", recording.interactions)),
        pytest.raises(ValueNotKept, match=r"The recorded value was a builtins:object \(<object"),
    ):
        connect()


_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.dates()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.integers(0, 9), inner)
        | st.tuples(inner, inner)
        | st.sets(st.integers(0, 99) | st.text())
    ),
    max_leaves=10,
)


@given(_plain)
def test_every_plain_value_comes_back_equal_and_of_its_kind(value):
    back = decode(orjson.loads(orjson.dumps(encode(value))))

    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        Colour.RED,
        Order(1, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)),
        Customer(name="Ada"),
        Point(1, 2),
        Path("a/b"),
        uuid.UUID(int=5),
        float("inf"),
        frozenset({1}),
        "half a letter: \ud83d",
        {"\ud83d": 2**64},
        bytearray(b"x"),
        datetime.datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        {"$kind": "not a tag"},
        1 + 2j,
    ],
    ids=repr,
)
def test_values_of_tools_come_back_equal(value):
    assert decode(orjson.loads(orjson.dumps(encode(value)))) == value
