"""sqlite3: recorded statement by statement; in a replay no file is opened, read or written."""

from __future__ import annotations

import asyncio
import datetime
import json
import sqlite3
import threading
from pathlib import Path

import pytest

from cassettes import Cassette, CassetteMiss, EgressBlocked, freeze, outside, side_effects
from tests.cassettes.adapters.runs import asked, assert_replays, effects, recorded, replayed


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A database with two orders."""
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "create table orders (id integer primary key, name text unique, photo blob, paid real);"
        "insert into orders (name, photo, paid) values ('tea', x'ff', 1.5), ('cup', null, null)"
    )
    connection.close()
    return path


def _rollback_of(path: Path, act) -> object:
    """Return what ``act`` gives; nothing of it stays."""
    connection = sqlite3.connect(path)
    try:
        return act(connection)
    finally:
        connection.rollback()
        connection.close()


def test_all_that_a_cursor_shows_is_replayed_without_the_file(shop: Path):
    def act(connection):
        cursor = connection.cursor()
        seen = [cursor.description, cursor.rowcount]
        cursor.execute("select id, name, photo, paid from orders order by id")
        seen += [cursor.description, cursor.fetchone(), cursor.fetchmany(), cursor.fetchone()]
        seen.append(cursor.fetchall())
        cursor.execute("insert into orders (name) values (:name)", {"name": "pot"})
        seen += [cursor.lastrowid, cursor.rowcount, connection.in_transaction]
        cursor.executemany("update orders set paid = ? where id = ?", ((n, n) for n in (1, 2)))
        seen += [cursor.rowcount, cursor.description, cursor.fetchall()]
        seen.append(list(connection.execute("select paid from orders where id < ?", [9])))
        seen.append(connection.execute("select name from orders where 0").fetchone())
        returned = connection.execute("insert into orders (name) values ('x') returning id, name")
        seen += [returned.fetchall(), returned.rowcount]
        connection.rollback()
        return [*seen, connection.in_transaction, isinstance(connection, sqlite3.Connection)]

    kept = assert_replays(lambda: _rollback_of(shop, act), shop.unlink)

    assert asked(kept) == [
        "sqlite3/SELECT/orders",
        "sqlite3/INSERT/orders",
        "sqlite3/UPDATE/orders",
        "sqlite3/SELECT/orders",
        "sqlite3/SELECT/orders",
        "sqlite3/INSERT/orders",
        "sqlite3/ROLLBACK",
        "sqlite3/ROLLBACK",
    ]
    assert effects(kept) == ["read", "write", "write", "read", "read", "write", "write", "write"]
    assert not shop.exists()


_QUOTED = 'select id, name as "a ""b""" from orders order by id'


def test_row_factories_of_today_make_the_recorded_rows(shop: Path):
    def as_row(connection):
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(_QUOTED)]

    def as_dict(connection):
        connection.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        return connection.execute(_QUOTED).fetchall()

    kept = assert_replays(lambda: _rollback_of(shop, as_row))

    again, _ = replayed(lambda: _rollback_of(shop, as_dict), kept)
    assert again == [{"id": 1, 'a "b"': "tea"}, {"id": 2, 'a "b"': "cup"}]


def test_errors_come_back_as_their_own_kind(shop: Path, tmp_path: Path):
    def fail(act):
        try:
            return act()
        except sqlite3.Error as error:
            return type(error), str(error), getattr(error, "sqlite_errorname", None)

    def tool():
        connection = sqlite3.connect(shop)
        seen = [
            fail(lambda: connection.execute("select nothing from orders")),
            fail(lambda: connection.execute("insert into orders (name) values ('tea')")),
            fail(lambda: sqlite3.connect(tmp_path / "no folder" / "x.db")),
            fail(lambda: connection.execute("select ?", (object(),)) and None),
        ]
        connection.close()
        return [*seen, fail(lambda: connection.execute("select 1"))]

    given, kept = recorded(tool)
    shop.unlink()
    again, _ = replayed(tool, kept)

    assert again == given
    assert given[2] == (sqlite3.OperationalError, "unable to open database file", "SQLITE_CANTOPEN")


def test_with_commits_and_an_exception_rolls_back(shop: Path):
    def tool():
        connection = sqlite3.connect(shop)
        with connection:
            connection.execute("delete from orders where id = 2")
        with pytest.raises(sqlite3.OperationalError), connection:
            connection.execute("delete from nothing")
        left = connection.execute("select count(*) from orders").fetchone()
        connection.close()
        return left

    given, kept = recorded(tool)
    again, _ = replayed(tool, kept)

    assert again == given == (1,)
    assert [each for each in asked(kept) if each.isupper()] == []
    assert asked(kept)[1::2] == ["sqlite3/COMMIT", "sqlite3/ROLLBACK"]


def test_a_write_that_is_not_recorded_is_never_executed_and_names_what_changed(shop: Path):
    def tool(paid=2.5):
        with sqlite3.connect(shop) as connection:
            connection.execute("update orders set paid = ? where id = ?", (paid, 1))
        connection.close()

    _, kept = recorded(tool)
    before = shop.read_bytes()
    cassette = Cassette("replay", "replay", kept)
    with freeze(cassette), pytest.raises(CassetteMiss, match=r"body\.parameters\[0\]"):
        tool(250)

    assert shop.read_bytes() == before
    first, *rest = side_effects(cassette).changes
    assert (first.field, first.recorded, first.replayed) == ("body.parameters[0]", 2.5, 250)
    assert [one.request for one in rest] == ["CALL external://sqlite3/COMMIT"]


def test_white_space_and_comments_of_a_statement_do_not_count(shop: Path):
    _, kept = recorded(
        lambda: _rollback_of(
            shop,
            lambda c: c.execute("select id\n   from orders -- trace 1\n where id=1").fetchall(),
        )
    )

    again, _ = replayed(
        lambda: _rollback_of(
            shop, lambda c: c.execute("select id /* trace 2 */ from orders where id=1;").fetchall()
        ),
        kept,
    )
    assert again == [(1,)]


def test_reading_on_where_the_recording_stopped_is_unanswered_and_not_an_empty_rest(shop: Path):
    def one(connection):
        return connection.execute("select id from orders order by id").fetchone()

    def all_of_them(connection):
        return connection.execute("select id from orders order by id").fetchall()

    def one_and_another(connection):
        cursor = connection.execute("select id from orders order by id")
        return cursor.fetchone(), cursor.execute("select 7").fetchone()

    _, kept = recorded(lambda: _rollback_of(shop, one_and_another))
    assert replayed(lambda: _rollback_of(shop, one_and_another), kept)[0] == ((1,), (7,))
    with pytest.raises(CassetteMiss, match="only its first row was read then"):
        replayed(lambda: _rollback_of(shop, all_of_them), kept)
    _, kept = recorded(lambda: _rollback_of(shop, one))
    assert replayed(lambda: _rollback_of(shop, one), kept)[0] == (1,)
    with pytest.raises(CassetteMiss, match="only its first row was read then"):
        replayed(lambda: _rollback_of(shop, all_of_them), kept)


def test_a_database_in_memory_is_no_outside_world():
    def tool():
        connection = sqlite3.connect(":memory:")
        connection.execute("create table t (x)")
        connection.execute("insert into t values (1)")
        total = connection.total_changes
        connection.close()
        return total

    given, kept = recorded(tool)
    again, _ = replayed(tool, kept)

    assert (given, again, kept) == (1, 1, [])


def test_what_is_not_recorded_is_refused_by_name(shop: Path, tmp_path: Path):
    def tool():
        connection = sqlite3.connect(shop)
        copy = sqlite3.connect(":memory:")
        try:
            connection.backup(copy)
            return connection.total_changes
        finally:
            connection.close()
            copy.close()

    given, kept = recorded(tool)
    assert given == 0
    with pytest.raises(CassetteMiss, match="The adapter of sqlite3 does not record this"):
        replayed(tool, kept)


def test_threads_and_tasks_keep_to_their_own_cassettes(shop: Path):
    def look(name):
        connection = sqlite3.connect(shop)
        found = connection.execute("select id from orders where name = ?", (name,)).fetchone()
        connection.close()
        return found

    cassettes = {name: Cassette(name) for name in ("tea", "cup", "pot")}

    def in_thread(name):
        with freeze(cassettes[name]):
            look(name)

    async def in_task(name):
        with freeze(cassettes[name]):
            await asyncio.to_thread(look, name)

    async def tasks():
        await asyncio.gather(*(in_task(name) for name in ("cup", "pot")))

    thread = threading.Thread(target=in_thread, args=("tea",))
    thread.start()
    asyncio.run(tasks())
    thread.join()

    for name, cassette in cassettes.items():
        (only,) = cassette.interactions
        assert f'["{name}"]'.encode() in only.request.body


def test_a_connection_from_before_the_call_is_recorded_and_answered_in_it(shop: Path):
    connection = sqlite3.connect(shop)

    def tool():
        return connection.execute("select name from orders where id = 1").fetchone()

    kept = assert_replays(tool)
    assert asked(kept) == ["sqlite3/SELECT/orders"]
    connection.close()


def test_a_process_that_blocks_opens_no_database_outside_a_cassette(shop: Path):
    outside("block")
    connection = sqlite3.connect(shop)
    with pytest.raises(EgressBlocked):
        connection.execute("select 1")
    connection.close()
    outside("pass")


class Mine(sqlite3.Connection):
    """Counts what it is asked, as a class of a user's own may."""

    count = 0

    def execute(self, sql, *parameters):
        self.count += 1
        return super().execute(sql, *parameters)


@pytest.mark.parametrize("factory", [None, Mine])
def test_classes_of_ones_own_stay_what_they_are(shop: Path, factory):
    class Cursor(sqlite3.Cursor):
        def first(self):
            return self.fetchone()

    def tool():
        options = {} if factory is None else {"factory": factory}
        connection = sqlite3.connect(shop, **options)
        found = connection.cursor(Cursor).execute("select name from orders order by id").first()
        connection.execute("select 1")
        is_mine = isinstance(connection, factory or sqlite3.Connection)
        connection.close()
        return found, is_mine, getattr(connection, "count", None)

    assert len(assert_replays(tool)) == 2
    assert tool() == (("tea",), True, None if factory is None else 1)


def test_values_of_all_kinds_come_back_as_they_were(shop: Path):
    day = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)

    def tool():
        connection = sqlite3.connect(shop)
        row = connection.execute(
            "select ?, ?, ?, ?, ?", (day.isoformat(), b"\xff\x00", None, 2**62, 0.1)
        ).fetchall()
        connection.close()
        return row

    assert_replays(tool)


def test_rows_over_the_limit_are_not_kept_and_say_so(shop: Path):
    def tool():
        connection = sqlite3.connect(shop)
        many = "with n(i) as (select 1 union all select i + 1 from n where i < 100) "
        rows = connection.execute(f"{many} select i, hex(zeroblob(50)) from n").fetchall()
        connection.close()
        return len(rows)

    recording = Cassette("recording", body_bytes_max=5_000)
    with freeze(recording):
        assert tool() == 100
    assert len(recording.interactions[0].response.body) < 1_000
    with pytest.raises(CassetteMiss, match="its rows were over the cassette's limit"):
        replayed(tool, recording.interactions)


def test_rows_are_kept_by_the_names_of_their_columns_for_whoever_masks_secrets(shop: Path):
    def tool():
        connection = sqlite3.connect(shop)
        ask = connection.execute
        seen = [
            ask("select name as password, id from orders order by id").fetchall(),
            ask("select id, id from orders order by id").fetchall(),
            ask('select id as "$kind" from orders where id = 1').fetchall(),
        ]
        connection.close()
        return seen

    named, twice, _ = assert_replays(tool)

    assert json.loads(named.response.body)["rows"][0] == {"password": "tea", "id": 1}
    assert json.loads(twice.response.body)["rows"] == [[1, 1], [2, 2]]
