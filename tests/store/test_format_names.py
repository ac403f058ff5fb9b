"""docs/format.md against the code: every table, column, attribute and form of a hash is on it."""

from __future__ import annotations

import ast
import importlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from replay.store import Store
from replay.store.layout import LAYOUTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "format.md").read_text("utf-8")
WRITERS = ("recorder", "store", "records", "tools")
"""The packages that write attributes into a database; what imports keep is the exporter's own."""
_TABLES = {layout.table: layout for layout in LAYOUTS.values()}
_OWN_WORDS = re.compile(r"`(?:[\w]+\.)?(\w+)`")


def words() -> set[str]:
    return set(_OWN_WORDS.findall(PAGE))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    path = tmp_path_factory.mktemp("names") / "traces.db"
    Store.open(path, "create").close()
    return sqlite3.connect(path)


def tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'"
    return [name for (name,) in connection.execute(query)]


def test_every_table_and_view_is_on_the_page(empty: sqlite3.Connection) -> None:
    views = {name for (name,) in empty.execute("SELECT name FROM sqlite_schema WHERE type='view'")}

    assert {layout.view for layout in _TABLES.values()} == views <= words()
    assert set(tables(empty)) - _TABLES.keys() <= words()


def test_every_column_that_is_no_field_of_a_record_is_on_the_page(
    empty: sqlite3.Connection,
) -> None:
    missing = {}
    for table in tables(empty):
        if table == "_sqlite_migrations":
            continue  # of sqlite-utils
        fields = {one.name for one in _TABLES[table].columns} if table in _TABLES else set()
        columns = {row[1] for row in empty.execute(f"PRAGMA table_info({table})")}
        told = words() if table in {*_TABLES, "meta"} else _told_columns(table)
        missing[table] = columns - fields - told - {"key"}

    assert {table: names for table, names in missing.items() if names} == {}


def _told_columns(table: str) -> set[str]:
    """Return the columns that the page's row of a table names."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and f"`{table}`" in line]
    return {word for row in rows for word in _OWN_WORDS.findall(row)}


def test_every_attribute_that_replay_writes_is_on_the_page() -> None:
    written = {
        name: str(path.relative_to(ROOT))
        for package in WRITERS
        for path in sorted((ROOT / "replay" / package).rglob("*.py"))
        for name in _attributes(path)
    }
    section = PAGE[PAGE.index("### Attributes") :].split("\n## ")[0]
    told = set(_OWN_WORDS.findall(section))

    assert {name: path for name, path in written.items() if name not in told} == {}
    assert len(written) > 15


def _attributes(path: Path) -> Iterator[str]:
    """Yield what a file calls attributes: ``x.attributes["name"] = ...`` and the like."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        values: list[ast.expr | None] = []
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Subscript) and _is_attributes(target.value):
                    yield _text(target.slice, module)
                elif _is_attributes(target):
                    values.append(node.value)
            if isinstance(node, ast.Assign) and _names(targets) & {"ATTRIBUTE", "START_STATE"}:
                yield _text(node.value, module)
        elif isinstance(node, ast.AnnAssign) and _names([node.target]) == {"ATTRIBUTE"}:
            yield _text(node.value, module)
        elif isinstance(node, ast.keyword) and node.arg == "attributes":
            values.append(node.value)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values += [
                v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "attributes"
            ]
        for value in values:
            yield from (_text(one, module) for one in _keys(value))


def _names(targets: Sequence[ast.expr]) -> set[str]:
    return {one.id for one in targets if isinstance(one, ast.Name)}


def _keys(value: ast.expr | None) -> Iterator[ast.expr]:
    """Yield the keys of objects in an expression; what is inside these is the attribute's own."""
    if isinstance(value, ast.Dict):
        yield from (one for one in value.keys if one is not None)
    elif isinstance(value, ast.IfExp):
        yield from [*_keys(value.body), *_keys(value.orelse)]
    elif isinstance(value, ast.BinOp):
        yield from [*_keys(value.left), *_keys(value.right)]


def _is_attributes(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "attributes"


def _text(node: ast.expr | None, module: str) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.Name)
    return str(getattr(importlib.import_module(module), node.id))


def test_every_form_of_a_hash_is_on_the_page() -> None:
    forms = {
        part.value
        for package in ("replay", "cassettes")
        for path in (ROOT / package).rglob("*.py")
        for part in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(part, ast.Constant)
        and isinstance(part.value, str)
        and re.fullmatch(r"[a-z][a-z0-9]*-\d+:", part.value)
    }

    assert forms >= {"b2-16:", "k-16:"}
    assert {form for form in forms if f"`{form}" not in PAGE} == set()


def test_every_row_of_meta_is_on_the_page() -> None:
    written = {
        name
        for path in (ROOT / "replay" / "store").rglob("*.py")
        for name in re.findall(r"INTO meta VALUES \('(\w+)'", path.read_text("utf-8"))
    }

    assert written == {"format", "created_at", "freeing", "schemas_uncounted"}
    assert written <= words()
