"""The schemas of each tool: recorded ones from the registry, and today's where tools are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from replay.records import JsonObject, JsonValue, ReplayRun
from replay.records.replays import WHAT_IF
from replay.store.schemas import KnownSchema, read_registry
from tui.rows.database import Database

RUNS_MAX: Final = 20
"""Newest replay runs that are asked which toolbox has a tool."""
_DIGITS: Final = 12
_ENVELOPES: Final = ("parameters", "input_schema", "inputSchema")


@dataclass(frozen=True, slots=True)
class Side:
    """One version of a tool's schema: recorded, or today's."""

    reference: str
    """As `replay schema diff` takes it."""
    version: str | None
    known: KnownSchema | None
    """None: it is today's."""

    @property
    def label(self) -> str:
        """``version 2``, else the beginning of its hash, else ``today``."""
        if self.known is None:
            return "today"
        digits = self.known.id.rpartition(":")[2][:8]
        return f"version {self.version}" if self.version else digits


@dataclass(frozen=True, slots=True)
class Today:
    """Where today's tools are."""

    toolbox: str
    paths: tuple[str, ...] = ()

    @property
    def options(self) -> list[str]:
        """The options that name it to a command."""
        named = ["--tools", self.toolbox]
        for path in self.paths:
            named += ["--path", path]
        return named


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a tool's schema: what models were shown in a dialect, or what validates."""

    dialect: str
    roles: tuple[str, ...]
    schemas: tuple[KnownSchema, ...]
    """In the order that they were first seen."""


@dataclass(frozen=True, slots=True)
class ToolSchemas:
    """One tool."""

    tool: str
    forms: tuple[Form, ...]
    today: Today | None

    def sides(self, form: Form) -> list[Side]:
        """Return the versions, oldest first; today's is the last."""
        found = [
            Side(
                f"{self.tool}@{one.id.rpartition(':')[2][:_DIGITS]}",
                ", ".join(one.versions) or None,
                one,
            )
            for one in form.schemas
        ]
        if self.today is not None:
            found.append(Side(self.tool, None, None))
        return found


def read_tool_schemas(database: Database) -> list[ToolSchemas]:
    """Return all tools with a recorded schema, by name.

    Raises:
        StoreError: the database cannot be read, or was never counted and is read-only.
    """
    with database.reading() as connection:
        registry = read_registry(connection, (), ())
        runs: list[ReplayRun] = database.records.records(
            "replay_run",
            f"r.id NOT GLOB '{WHAT_IF}*'",  # a branch knows no more, and may have megabytes
            [],
            f"r.started_us DESC, r.key DESC LIMIT {RUNS_MAX}",
        )
    by_tool: dict[str, dict[str, list[KnownSchema]]] = {}
    for schema in registry.schemas:
        by_tool.setdefault(schema.tool, {}).setdefault(schema.dialect, []).append(schema)
    return [
        ToolSchemas(
            tool,
            tuple(_form(dialect, schemas) for dialect, schemas in forms.items()),
            _today(tool, runs),
        )
        for tool, forms in by_tool.items()
    ]


def read_definition(database: Database, schema_id: str) -> JsonValue:
    """Return a recorded definition."""
    with database.reading():
        found = database.records.records("tool_schema", "r.id = ?", [schema_id])
    return found[0].definition if found else None


def parameters_of(definition: JsonValue) -> JsonObject | None:
    """Return the JSON Schema of the arguments in a definition; None: it has none."""
    if not isinstance(definition, dict):
        return None
    inner = definition.get("function", definition)
    if not isinstance(inner, dict):
        return None
    for name in _ENVELOPES:
        found = inner.get(name)
        if isinstance(found, dict):
            return found
    return inner if "properties" in inner else None


def _form(dialect: str, schemas: Sequence[KnownSchema]) -> Form:
    roles: dict[str, None] = {}
    for one in schemas:
        roles |= dict.fromkeys(one.roles)
    ordered = sorted(schemas, key=lambda one: (one.first_seen_at or "", one.id))
    return Form(dialect, tuple(roles), tuple(ordered))


def _today(tool: str, runs: Iterable[ReplayRun]) -> Today | None:
    """Return the toolbox of the newest replay run that had this tool, else that of the project."""
    for run in runs:
        called = run.coverage.get("calls")
        if isinstance(called, dict) and tool in called:
            paths = run.options.get("paths") or []
            return Today(run.toolbox, tuple(str(path) for path in paths))
    from replay.config import load_config

    tools = load_config().tools
    return Today(tools) if tools else None
