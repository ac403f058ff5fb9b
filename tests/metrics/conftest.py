"""One store for all tests of this folder that only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.store.database import connect_reading
from tests.metrics.stores import make_store, timed_call


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("metrics") / "traces.db", more=timed_call("t0000"))


@pytest.fixture
def connection(store_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect_reading(store_path)
    yield connection
    connection.close()
