"""Where `replay schema check` gets the old side of a comparison from, and today's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from replay.errors import ReplayError, SelectionError

if TYPE_CHECKING:
    from replay.compatibility.sides import Side
    from replay.records import JsonObject, ToolSchema
    from replay.replayer.environment import Place
    from replay.replayer.questions.asking import Asking


class OldSideError(ReplayError):
    """The old schemas cannot be read from where they are said to be."""


@dataclass(frozen=True, slots=True)
class OldSides:
    """What today's tools are compared with."""

    named: str
    sides: list[Side]
    asking: Asking | None = None
    """A worker that holds the old tools; None: only their schemas are known."""
    in_order: bool = True
    """Whether they stand in the order in which models were shown them."""
    together: Sequence[set[str]] = ()
    """The names that were shown in one prompt; empty: not known."""

    def parameters(self) -> dict[str, JsonObject]:
        """Return, by tool, the schema of its arguments: of the version that ran."""
        return {side.tool.name: side.tool.parameters or {} for side in self.sides if side.runs}

    def beside(self, known: set[str]) -> list[Side]:
        """Return the tools but those that were only ever shown beside none of ``known``.

        A database may hold several agents: the tools of another one are not gone.
        """
        own: set[str] = set().union(*(names for names in self.together if names & known))
        if not own:
            return self.sides
        foreign = set().union(*self.together) - own
        return [side for side in self.sides if side.tool.name not in foreign]


@contextmanager
def old_sides(against: str, today: Place, database: Path | None) -> Iterator[OldSides]:
    """Hold what ``against`` names while the block runs.

    ``against`` is ``lock``, ``traces``, ``git:REF``, ``MODULE:TOOLBOX`` or a file.

    Raises:
        OldSideError: there is no such thing, or it holds no tools.
        ToolboxError: the old toolbox cannot be loaded.
    """
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
            yield OldSides(against, sides_of(asking), asking)
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


def sides_of(asking: Asking) -> list[Side]:
    """Return the tools that a worker holds."""
    from replay.compatibility.sides import described_side

    return [described_side(tool) for tool in asking.toolbox.tools]


def lock_file() -> Path:
    """Return where the lock is: as the configuration says, else beside it."""
    from replay.compatibility.lock import FILE_NAME
    from replay.config import load_config

    config = load_config()
    return config.schema_lock_path or (config.file.parent if config.file else Path()) / FILE_NAME


def _recorded(database: Path) -> OldSides:
    from replay.compatibility.sides import recorded_side
    from replay.store import Store

    with Store.open(database, mode="r") as store:
        schemas, toolsets = _validators_first(store.tool_schemas()), store.toolsets()
    sides = [side for schema in schemas if (side := recorded_side(schema)) is not None]
    sides += _shown_only(toolsets, {side.tool.name for side in sides})
    if not sides:
        raise SelectionError(
            f"'{database}' holds no schemas: its prompts were not recorded, or had no tools.",
            hint="Compare with a lock, a commit or a file: --against git:main.",
        )
    together = [{_name_of(definition) for definition in toolset} for toolset in toolsets]
    return OldSides(f"the traces of '{database}'", sides, in_order=False, together=together)


def _validators_first(schemas: Sequence[ToolSchema]) -> list[ToolSchema]:
    """Return what validated a tool's calls, where anything did, else what models were shown."""
    validated = {schema.tool for schema in schemas if schema.dialect == "pydantic"}
    return [one for one in schemas if one.dialect == "pydantic" or one.tool not in validated]


def _shown_only(toolsets: Sequence[Sequence[Any]], known: set[str]) -> list[Side]:
    """Return the tools that prompts show and no schema is stored of: imported transcripts' ones."""
    from replay.compatibility.sides import definition_side
    from replay.errors import ToolboxError

    found: dict[str, Side] = {}
    for definition in (one for toolset in toolsets for one in toolset):
        if _name_of(definition) in known | {""}:
            continue
        with suppress(ToolboxError):  # a form that nobody knows: there is nothing to compare
            found[_name_of(definition)] = definition_side(definition)
    return list(found.values())


def _name_of(definition: Any) -> str:
    inner = definition.get("function", definition) if isinstance(definition, dict) else None
    return str(inner.get("name", "")) if isinstance(inner, dict) else ""


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
