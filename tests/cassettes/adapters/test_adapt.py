"""``adapt`` itself: names, laziness, and silence outside any cassette."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cassettes import adapt


def test_a_name_without_an_adapter_is_told_with_the_nearest_one():
    with pytest.raises(ValueError, match="Did you mean 'sqlite3'") as told:
        adapt("redis", "sqlite")

    assert "redis, sqlite3, psycopg, grpc, subprocess" in str(told.value)
    assert "@external" in str(told.value)


_FRESH = """
import json, sys
from cassettes import adapt
before = set(sys.modules)
adapt("redis", "sqlite3", "psycopg", "grpc", "subprocess")
clients = {"redis", "sqlite3", "psycopg", "grpc", "cassettes.adapters.sqlite"}
loaded = sorted(clients & set(sys.modules))
import sqlite3
from sqlite3 import connect, dbapi2
made = [connect(sys.argv[1]), dbapi2.connect(sys.argv[1])]
print(json.dumps([loaded, [type(one).__mro__[1].__name__ for one in made]]))
[one.close() for one in made]
"""


def test_nothing_is_imported_and_a_client_that_comes_later_is_adapted(tmp_path):
    printed = subprocess.check_output(
        [sys.executable, "-c", _FRESH, str(tmp_path / "x.db")], text=True
    )

    assert json.loads(printed) == [[], ["_Connection", "_Connection"]]
