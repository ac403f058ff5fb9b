"""One store for all tests of this folder that only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from replay.store import Store
from replay.store.database import connect_reading
from tests.metrics.cases import PRICES, Case, exported
from tests.metrics.drawn import Drawing
from tests.metrics.independent import Told
from tests.metrics.stores import make_store, timed_call


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("metrics") / "traces.db", more=timed_call("t0000"))


@pytest.fixture
def connection(store_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect_reading(store_path)
    yield connection
    connection.close()


@pytest.fixture(scope="module", params=range(2))
def drawn_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Told]]:
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "pyproject.toml").write_text(PRICES)
    with Store.open(folder / "drawn.db", "create") as store:
        store.append_all(list(Drawing(request.param).traces(40)))
    return folder / "drawn.db", exported(folder / "drawn.db")


@pytest.fixture
def drawn(
    drawn_database: tuple[Path, list[Told]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Case:
    monkeypatch.chdir(drawn_database[0].parent)
    return Case(*drawn_database, capsys)
