from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from replay.store import Store

WriteLines = Callable[..., Path]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "traces.db", mode="create")
    yield opened
    opened.close()


@pytest.fixture
def write_lines(tmp_path: Path) -> WriteLines:
    """Write values (or raw text) as the lines of a file."""

    def write(*lines: Any, name: str = "chats.jsonl") -> Path:
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path = tmp_path / name
        path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return path

    return write
