from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("tests.frameworks.suite")

from replay import Recorder  # noqa: E402
from tests.frameworks.provider import Provider  # noqa: E402
from tests.frameworks.suite import TRUTHS, originals, recorders, unwatching  # noqa: E402


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", getattr(metafunc.cls, "scenarios", [*TRUTHS]))


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def bare() -> list[Any]:
    """How the clients send before anybody watches them."""
    return originals()


@pytest.fixture(scope="module")
def recorder(bare: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    folder: Path = tmp_path_factory.mktemp("recorded")
    yield from recorders(folder)


@pytest.fixture
def unwatched(bare: list[Any]) -> Any:
    return functools.partial(unwatching, bare)
