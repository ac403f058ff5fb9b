"""What is read out of SQL: reads are certain, everything else is a write."""

from __future__ import annotations

import pytest

from cassettes.adapters.statements import effect_of, named, spelled


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "  SELECT a, count(*) FROM orders o WHERE name in ('delete', 'x') group by a",
        "-- drop table x\nselect 'update t set a=1'",
        "(select a from t) union all (select b from u)",
        "with recent as (select * from orders) select * from recent",
        "values (1), (2)",
        "explain query plan select 1",
        "PRAGMA table_info(orders)",
        "show server_version",
        'select "update", [delete], `insert` from t',
        "select coalesce(a, 0), date_trunc('day', at) from t;",
        "select $$ drop $$, $x$ it's $x$",
        "select arr[1] from t",
        "table orders",
    ],
)
def test_what_certainly_changes_nothing_is_a_read(sql: str):
    assert effect_of(sql) == "read"


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "insert into t values (1)",
        "select 1; delete from t",
        "select nextval('ids')",
        "select refund(1)",
        "select count(*), refund(1) from t",
        "select shop.count(*) from t",
        'select "count"(*) from t',
        "select array[refund(1)]",
        "select * into copy from t",
        "select * from t for update",
        "with gone as (delete from t returning *) select * from gone",
        "explain analyze delete from t",
        "pragma user_version = 3",
        "pragma journal_mode",
        "replace into t values (1)",
        "begin",
        "set search_path to x",
        "select E'\\'; delete from t; --'",
        "/*! delete from t */ select 1",
        "/* /* */ delete from t */",
        "call pay(1)",
        "frobnicate t",
    ],
)
def test_what_may_change_something_is_a_write(sql: str):
    assert effect_of(sql) == "write"


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select a from orders where b", "SELECT/orders"),
        ("insert into shop.orders (a) values (1)", "INSERT/shop.orders"),
        ('insert or ignore into "my orders" values (1)', "INSERT/my orders"),
        ("update only orders set a = 1", "UPDATE/orders"),
        ("delete from orders", "DELETE/orders"),
        ("with x as (select 1) insert into orders select * from x", "INSERT/orders"),
        ("select 1", "SELECT"),
        ("create table t (a)", "CREATE"),
        ("select a from (select 1)", "SELECT"),
        ("; ?", "statement"),
    ],
)
def test_a_statement_is_named_by_its_verb_and_what_it_works_on(sql: str, name: str):
    assert named(sql) == name


def test_spelling_keeps_texts_and_drops_comments_and_white_space():
    sql = "select  'a  -- b',\n\t\"c  d\" /* trace */ from t -- end\n;  "

    assert spelled(sql) == "select 'a  -- b', \"c  d\" from t"
