"""psycopg 3 against a real PostgreSQL, replayed with no server in sight."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import ipaddress
import uuid
from dataclasses import dataclass

import pytest

from cassettes import Cassette, CassetteMiss, freeze, side_effects
from tests.cassettes.adapters.conftest import free_port
from tests.cassettes.adapters.runs import asked, assert_replays, effects, recorded, replayed

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
from psycopg import rows, sql  # noqa: E402
from psycopg.types.json import Jsonb  # noqa: E402
from psycopg.types.range import Range  # noqa: E402

pytestmark = pytest.mark.slow  # a server is started


class _Place:
    """Where to connect: the server, until it is taken away."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo

    def take_away(self) -> None:
        self.conninfo = f"host=127.0.0.1 port={free_port()} connect_timeout=1"


@pytest.fixture
def place(postgres: str) -> _Place:
    with psycopg.connect(postgres) as connection:
        connection.execute("DROP TABLE IF EXISTS orders")
        connection.execute("CREATE TABLE orders (id serial primary key, name text unique)")
        connection.execute("INSERT INTO orders (name) VALUES ('tea'), ('cup')")
    return _Place(postgres)


@dataclass
class Order:
    id: int
    name: str


def _failed(act):
    try:
        return act()
    except psycopg.Error as error:
        said = error.diag
        return type(error), str(error), error.sqlstate, said.constraint_name, said.message_detail


def test_values_of_all_kinds_come_back_as_they_were(place: _Place):
    values = [
        decimal.Decimal("1.50"),
        datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC),
        datetime.date(2026, 1, 2),
        datetime.timedelta(days=1, seconds=2),
        uuid.UUID(int=5),
        b"\xff\x00",
        Jsonb({"a": [1, None]}),
        [1, 2],
        ipaddress.ip_address("10.0.0.1"),
        Range(1, 5),
        None,
        "h\u00e9",
    ]

    def tool():
        with psycopg.connect(place.conninfo) as connection:
            marks = ", ".join(["%s"] * len(values))
            cursor = connection.execute(f"SELECT {marks}", values)  # type: ignore[arg-type]
            return cursor.fetchall(), [(one.name, one.type_display) for one in cursor.description]

    assert_replays(tool, place.take_away)


def test_all_that_a_cursor_shows_is_replayed(place: _Place):
    def tool():
        seen = []
        connection = psycopg.connect(place.conninfo)
        cursor = connection.cursor()
        seen.append(_failed(cursor.fetchone))
        cursor.execute("SELECT id, name FROM orders ORDER BY id")
        seen += [cursor.rowcount, cursor.statusmessage, cursor.fetchone(), cursor.rownumber]
        seen += [cursor.fetchmany(5), cursor.fetchone(), repr(cursor.description)]
        cursor.scroll(0, mode="absolute")
        seen.append(list(cursor))
        cursor.executemany("UPDATE orders SET name = %s WHERE id = %s", [("a", 1), ("b", 2)])
        seen += [cursor.rowcount, _failed(cursor.fetchall)]
        statement = "UPDATE orders SET name = %s WHERE id = %s RETURNING name"
        cursor.executemany(statement, [("c", 1), ("d", 2)], returning=True)
        seen.append([each.fetchall() for each in cursor.results()])
        named = sql.SQL("SELECT {} FROM {} WHERE id = %(id)s").format(
            sql.Identifier("name"), sql.Identifier("orders")
        )
        seen.append(connection.execute(named, {"id": 1}).fetchone())
        for factory in (
            rows.dict_row,
            rows.namedtuple_row,
            rows.scalar_row,
            rows.class_row(Order),
        ):
            own = connection.cursor(row_factory=factory)
            seen.append(own.execute("SELECT id, name FROM orders ORDER BY id").fetchall())
        connection.rollback()
        connection.close()
        seen += [connection.closed, isinstance(connection, psycopg.Connection)]
        return [*seen, _failed(lambda: connection.execute("SELECT 1"))]

    kept = assert_replays(tool, place.take_away)

    assert asked(kept)[:2] == ["psycopg/SELECT/orders", "psycopg/UPDATE/orders"]
    assert effects(kept)[:2] == ["read", "write"]


def test_transactions_and_errors_are_replayed(place: _Place):
    def tool():
        seen = []
        with psycopg.connect(place.conninfo, autocommit=True) as connection:
            with connection.transaction():
                connection.execute("UPDATE orders SET name = 'x' WHERE id = 1")
                with connection.transaction():
                    connection.execute("UPDATE orders SET name = 'y' WHERE id = 2")
                    raise psycopg.Rollback
            twice = "INSERT INTO orders (id, name) VALUES (1, 'again')"

            def in_a_block():
                with connection.transaction():
                    connection.execute(twice)

            seen += [_failed(in_a_block), _failed(lambda: connection.execute("SELECT nothing"))]
            seen.append(connection.execute("SELECT name FROM orders ORDER BY id").fetchall())
            connection.execute("UPDATE orders SET name = 'tea' WHERE id = 1")
        nowhere = f"host=127.0.0.1 port={port}"
        return [*seen, _failed(lambda: psycopg.connect(nowhere))]

    port = free_port()
    kept = assert_replays(tool, place.take_away)

    assert [one for one in asked(kept) if "ROLL" in one or "COMMIT" in one] == [
        "psycopg/ROLLBACK/savepoint",
        "psycopg/COMMIT",
        "psycopg/ROLLBACK",
        "psycopg/COMMIT",
    ]


def test_connections_under_asyncio_are_replayed(place: _Place):
    async def use():
        connect = psycopg.AsyncConnection.connect
        async with await connect(place.conninfo, row_factory=rows.dict_row) as connection:
            cursor = await connection.execute("SELECT id, name FROM orders ORDER BY id")
            seen = [await cursor.fetchone(), [row async for row in cursor]]
            async with connection.cursor() as other, connection.transaction():
                await other.executemany("UPDATE orders SET name = name WHERE id = %s", [(1,), (2,)])
                seen.append(other.rowcount)
            await connection.rollback()
        return seen

    assert_replays(lambda: asyncio.run(use()), place.take_away)


def test_a_write_that_is_not_recorded_is_never_executed(place: _Place):
    def tool(name="tin"):
        with psycopg.connect(place.conninfo) as connection:
            connection.execute("UPDATE orders SET name = %s WHERE id = %s", (name, 1))

    _, kept = recorded(tool)
    cassette = Cassette("replay", "replay", kept)
    with freeze(cassette), pytest.raises(CassetteMiss):
        tool("gone")

    first = side_effects(cassette).changes[0]
    assert (first.field, first.recorded, first.replayed) == ("body.parameters[0]", "tin", "gone")
    with psycopg.connect(place.conninfo) as connection:
        found = connection.execute("SELECT name FROM orders WHERE id = 1").fetchone()
    assert found == ("tin",)


@pytest.mark.parametrize("what", ["copy", "stream", "pipeline", "a cursor of the server's"])
def test_what_is_not_recorded_is_refused_by_name(place: _Place, what: str):
    def tool():
        with psycopg.connect(place.conninfo) as connection:
            if what == "copy":
                with connection.cursor().copy("COPY orders TO STDOUT") as copied:
                    return len(list(copied))
            if what == "stream":
                return len(list(connection.cursor().stream("SELECT * FROM orders")))
            if what == "pipeline":
                with connection.pipeline():
                    return len(connection.execute("SELECT * FROM orders").fetchall())
            with connection.cursor("named") as cursor:
                return len(cursor.execute("SELECT * FROM orders").fetchall())

    given, kept = recorded(tool)
    assert given == 2
    with pytest.raises(CassetteMiss, match="The adapter of psycopg does not record this"):
        replayed(tool, kept)


def test_rows_over_the_limit_are_not_kept_and_say_so(place: _Place):
    def tool():
        with psycopg.connect(place.conninfo) as connection:
            cursor = connection.execute("SELECT repeat('x', 100) FROM generate_series(1, 100)")
            return cursor.rowcount, len(cursor.fetchall())

    recording = Cassette("recording", body_bytes_max=5_000)
    with freeze(recording):
        assert tool() == (100, 100)
    assert len(recording.interactions[0].response.body) < 1_000
    with pytest.raises(CassetteMiss, match="its rows were over the cassette's limit"):
        replayed(tool, recording.interactions)


def test_a_value_that_cannot_be_read_fails_where_it_is_fetched(place: _Place):
    def tool():
        with psycopg.connect(place.conninfo) as connection:
            cursor = connection.execute("SELECT 'infinity'::timestamp")
            seen = [cursor.rowcount]
            try:
                cursor.fetchall()
            except psycopg.DataError as error:
                return [*seen, type(error), str(error)]

    assert_replays(tool, place.take_away)
