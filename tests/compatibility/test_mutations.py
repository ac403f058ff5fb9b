"""The rules broken on purpose: the tests of this folder must notice each one."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import replay.compatibility
from tests.compatibility.mutations import MUTATIONS, Mutation

HERE = Path(replay.compatibility.__file__).parent
WATCHED = ("test_cases", "test_tools", "test_providers", "test_soundness")
"""Tests that need no fixtures and take no processes: they are run on the broken rules."""


class _Breaking(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module with a piece of it replaced."""

    def __init__(self, mutation: Mutation) -> None:
        self.mutation = mutation

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != f"replay.compatibility.{self.mutation.file}":
            return None
        return importlib.util.spec_from_loader(name, self, origin=str(self._file))

    @property
    def _file(self) -> Path:
        return HERE / f"{self.mutation.file}.py"

    def exec_module(self, module: ModuleType) -> None:
        source = self._file.read_text()
        broken = source.replace(self.mutation.piece, self.mutation.instead)
        exec(compile(broken, str(self._file), "exec"), module.__dict__)


def _ours(name: str) -> bool:
    return name.startswith(("replay.compatibility.", "tests.compatibility."))


@contextmanager
def broken(mutation: Mutation) -> Iterator[None]:
    """Have everything of the rules imported anew while the block runs, one piece of it broken."""
    kept = {name: module for name, module in sys.modules.items() if _ours(name)}
    package = dict(vars(replay.compatibility))
    finder = _Breaking(mutation)
    for name in kept:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _ours(name)]:
            del sys.modules[name]
        sys.modules.update(kept)
        vars(replay.compatibility).update(package)


def calls_of(test: Any) -> Iterator[dict[str, Any]]:
    """Yield the arguments that pytest would call ``test`` with."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    if any(mark.name == "slow" for mark in getattr(test, "pytestmark", ())):
        return
    lists = []
    for mark in marks:
        names = mark.args[0].split(",") if isinstance(mark.args[0], str) else mark.args[0]
        lists.append(
            [
                dict(zip(names, values if len(names) > 1 else (values,), strict=True))
                for values in mark.args[1]
            ]
        )
    for parts in product(*lists):
        yield {name: value for part in parts for name, value in part.items()}


def is_noticed() -> bool:
    """Return whether any of the watched tests fails."""
    for name in WATCHED:
        module = importlib.import_module(f"tests.compatibility.{name}")
        for test in [value for key, value in vars(module).items() if key.startswith("test_")]:
            for arguments in calls_of(test):
                try:
                    test(**arguments)
                except pytest.skip.Exception:
                    continue
                except (AssertionError, RecursionError, TypeError, KeyError, ZeroDivisionError):
                    return True
    return False


def test_every_piece_that_is_broken_is_there_once() -> None:
    for mutation in MUTATIONS:
        source = (HERE / f"{mutation.file}.py").read_text()
        assert source.count(mutation.piece) == 1, mutation.name
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 40


def test_a_broken_rule_is_noticed() -> None:
    with broken(MUTATIONS[0]):
        assert is_noticed()


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS[1:], ids=lambda mutation: mutation.name)
def test_every_broken_rule_is_noticed(mutation: Mutation) -> None:
    with broken(mutation):
        assert is_noticed()


@pytest.mark.slow
def test_nothing_is_noticed_where_nothing_is_broken() -> None:
    piece = MUTATIONS[0].piece
    with broken(MUTATIONS[0]._replace(instead=piece)):
        assert not is_noticed()
