"""Where `replay schema check` gets the old side of a comparison from, and today's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay.errors import ReplayError, SelectionError

if TYPE_CHECKING:
    from replay.compatibility.sides import Side
    from replay.evidence.schema_changes import OldSides
    from replay.replayer.environment import Place
    from replay.replayer.questions.asking import Asking


class OldSideError(ReplayError):
    """The old schemas cannot be read from where they are said to be."""


@contextmanager
def old_sides(against: str, today: Place, database: Path | None) -> Iterator[OldSides]:
    """Hold what ``against`` names while the block runs.

    ``against`` is ``lock``, ``traces``, ``git:REF``, ``MODULE:TOOLBOX`` or a file.

    Raises:
        OldSideError: there is no such thing, or it holds no tools.
        ToolboxError: the old toolbox cannot be loaded.
    """
    from replay.evidence.schema_changes import OldSides, described_sides

    file = Path(against)
    if against == "traces":
        assert database is not None
        yield _recorded(database)
    elif against == "lock":
        yield OldSides("the lock", tools_of_lock(lock_file()), in_order=False)
    elif file.is_file() or (file.suffix == ".json" and ":" not in against):
        yield OldSides(f"'{file}'", tools_of_file(file))
    elif against.startswith("git:") or ":" in against:
        with _old_toolbox(against, today) as asking:
            yield described_sides(asking, against)
    else:
        raise OldSideError(
            f"--against {against!r} is no file, and nothing else that is known.",
            hint="Give lock, traces, git:REF, MODULE:TOOLBOX, or a JSON file of definitions.",
        )


@contextmanager
def _old_toolbox(against: str, today: Place) -> Iterator[Asking]:
    from replay.replayer.baseline import baseline_place
    from replay.replayer.questions.asking import Asking

    with baseline_place(against, today) as place, Asking(place) as asking:
        yield asking


def lock_file() -> Path:
    """Return where the lock is: as the configuration says, else beside it."""
    from replay.compatibility.lock import FILE_NAME
    from replay.config import load_config

    config = load_config()
    return config.schema_lock_path or (config.file.parent if config.file else Path()) / FILE_NAME


def _recorded(database: Path) -> OldSides:
    from replay.evidence.schema_changes import recorded_sides
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        found = recorded_sides(store, f"the traces of '{database}'")
    if not found.sides:
        raise SelectionError(
            f"'{database}' holds no schemas: its prompts were not recorded, or had no tools.",
            hint="Compare with a lock, a commit or a file: --against git:main.",
        )
    return found


def tools_of_file(path: Path) -> list[Side]:
    """Return the tools of a lock, or of a JSON list of OpenAI, Anthropic or MCP definitions.

    Raises:
        OldSideError: the file is missing, no JSON, or holds something else.
        LockError: it is a lock that cannot be read.
    """
    try:
        whole: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        hint = "Give the file's place."
        raise OldSideError(f"There is no file '{path}'.", hint=hint) from error
    except (OSError, ValueError) as error:
        raise OldSideError(f"'{path}' is no JSON: {error}.", hint="Mend the file.") from error
    if isinstance(whole, dict) and "format" in whole:
        return tools_of_lock(path)
    entries = whole.get("tools") if isinstance(whole, dict) else whole
    if not isinstance(entries, list):
        raise OldSideError(
            f"'{path}' holds no list of tools.",
            hint="Give a list of OpenAI, Anthropic or MCP definitions, an MCP `tools/list` "
            "answer, or a lock.",
        )
    return [_side_of(entry, index, path) for index, entry in enumerate(entries)]


def tools_of_lock(path: Path) -> list[Side]:
    """Return the tools of a lock.

    Raises:
        LockError: there is none, or it cannot be read.
    """
    from replay.compatibility.lock import read_lock
    from replay.compatibility.sides import locked_side

    return [locked_side(tool) for tool in read_lock(path).tools]


def _side_of(entry: Any, index: int, path: Path) -> Side:
    from replay.compatibility.sides import definition_side
    from replay.errors import ToolboxError

    try:
        if not isinstance(entry, dict):
            raise ToolboxError(f"This is no tool definition: {str(entry)[:80]!r}")
        return definition_side(entry)
    except ToolboxError as error:
        raise OldSideError(
            f"tools[{index}] of '{path}': {error.wanted}", hint=error.hint
        ) from error
