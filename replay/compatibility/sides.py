"""The two sides of a comparison: tools as a toolbox, a lock, a file or prompts have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.lock import LockedTool
from replay.compatibility.loosening import loosened
from replay.compatibility.providers import new_limits, provider_limits, provider_of
from replay.compatibility.reading import Reading, reading_of
from replay.compatibility.rules import RULES
from replay.compatibility.tools import ToolVersion, compare_tool, compare_tools, tool_of
from replay.errors import ToolboxError
from replay.records import JsonObject, ToolSchema
from replay.tools.schemas import parameters_of

_STRICT: Final = ("openai-strict", "openai-responses-strict")
_SHAPES: Final = ("openai", "anthropic", "mcp")
"""Dialects that show the source's schema as it is: one of them speaks for all."""


@dataclass(frozen=True, slots=True)
class Side:
    """One version of one tool, with where it is and how models are shown it."""

    tool: ToolVersion
    shown: dict[str, JsonObject] = field(default_factory=dict)
    """By dialect: the definition that a model is shown. Empty: not known."""
    not_shown: dict[str, str] = field(default_factory=dict)
    """By dialect: why it cannot be shown in it."""
    runs: bool = True
    """True: the version that runs unless a route chooses another."""
    says_result: bool = True
    """False: it is not known what the tool returned; OpenAI's and Anthropic's definitions do not
    say it."""
    dialect: str | None = None
    """The dialect that ``tool`` was taken from; None: it is the source itself."""
    actor: str = "assistant"
    file: str | None = None
    line: int | None = None


def described_side(tool: Any) -> Side:
    """Return the side of a ``DescribedTool`` of a worker."""
    return Side(
        ToolVersion(
            tool.name,
            tool.parameters,
            tool.description,
            tool.result,
            tool.version,
            reading=reading_of(strict=tool.strict, is_given=tool.is_given, gates=tool.gates),
        ),
        shown=tool.shown,
        not_shown=tool.not_shown,
        runs=tool.runs,
        actor=tool.actor,
        file=tool.file,
        line=tool.line,
    )


def locked_side(tool: LockedTool) -> Side:
    """Return the side of one tool of a lock."""
    shown: dict[str, JsonObject] = {}
    not_shown: dict[str, str] = {}
    for dialect, said in tool.shown.items():
        if isinstance(said, dict) and "not shown" in said:
            not_shown[dialect] = str(said["not shown"])
            continue
        parameters = said if isinstance(said, dict) else tool.source
        envelope = {"name": tool.tool, "description": tool.description, "parameters": parameters}
        shown[dialect] = envelope
    return Side(tool.compared, shown, not_shown, tool.runs, actor=tool.actor)


def definition_side(definition: JsonObject) -> Side:
    """Return the side of an OpenAI, Anthropic or MCP definition.

    Raises:
        ToolboxError: it is none of these, or has no name.
    """
    tool = tool_of(definition)
    dialect = _dialect_of(definition)
    says_result = tool.result is not None or dialect == "mcp"
    return Side(tool, shown={dialect: definition}, dialect=dialect, says_result=says_result)


def recorded_side(schema: ToolSchema) -> Side | None:
    """Return the side of a schema that is in a database; None: it cannot be read as one."""
    if not isinstance(schema.definition, dict):
        return None
    try:
        side = shown_side(schema.definition, schema.dialect)
    except ToolboxError:
        return None
    tool = replace(side.tool, name=schema.tool, version=schema.tool_version)
    if not is_validator(schema):
        return replace(side, tool=tool)
    tool = replace(tool, reading=_recorded_reading(schema))
    return replace(side, tool=tool, dialect=None, says_result=False)


def is_validator(schema: ToolSchema) -> bool:
    """Return whether a recorded schema judged arguments, and was not only shown."""
    return schema.dialect == "pydantic" or schema.validation is not None


def _recorded_reading(schema: ToolSchema) -> Reading | None:
    if schema.validation is None:
        return None  # recorded before it was kept how schemas judge
    return reading_of(
        strict=schema.strict is not False,
        is_given=schema.dialect != "pydantic",
        gates=schema.validation != "report",
    )


def shown_side(definition: JsonObject, dialect: str) -> Side:
    """Return the side of a definition that was recorded in ``dialect``.

    Raises:
        ToolboxError: it is no definition, or has no name.
    """
    tool = tool_of(definition)
    if dialect == "pydantic":
        return Side(tool, says_result=False)
    says_result = tool.result is not None
    return Side(tool, {dialect: definition}, dialect=dialect, says_result=says_result)


def _dialect_of(definition: JsonObject) -> str:
    if "inputSchema" in definition:
        return "mcp"
    if "input_schema" in definition:
        return "anthropic"
    inner: Any = definition.get("function", definition)
    strict = "-strict" if isinstance(inner, dict) and inner.get("strict") is True else ""
    return ("openai" if "function" in definition else "openai-responses") + strict


Steps = Sequence[tuple[str, str, str]]
"""Translations that a toolbox has: tool, old version, new version."""


def compare_sides(
    old: Sequence[Side], new: Sequence[Side], *, in_order: bool = True, steps: Steps = ()
) -> list[SchemaChange]:
    """Return every change from ``old`` to ``new``, each once.

    Of each tool the version that ran is compared with the one that runs; older versions with the
    same version where it is still there, else with the one that runs.
    """
    before, now = _running(old), _running(new)
    today = {side.tool.name: side for side in now}
    found = compare_tools(
        [_like(side, today.get(side.tool.name))[0].tool for side in before],
        [_like(_first(before, side.tool.name), side)[1].tool for side in now],
        in_order=in_order,
    )
    versions = {side.tool.name: side.tool.version for side in before}
    found = [_translated(one, versions.get(one.tool), today.get(one.tool), steps) for one in found]
    for side in old:
        counterpart = _counterpart(side, new, today)
        if counterpart is None:
            continue
        if not any(side is one for one in before):
            like, now_like = _like(side, counterpart)
            changes = compare_tool(like.tool, now_like.tool)
            found += [_translated(one, side.tool.version, counterpart, steps) for one in changes]
        found += _limits(side, counterpart)
    return list({_identity(change): change for change in found}.values())


def compare_pair(old: Side, new: Side) -> list[SchemaChange]:
    """Return every change from one side to the other, which are taken for one tool."""
    old, new = _like(old, new)
    return compare_tool(replace(old.tool, name=new.tool.name), new.tool)


def _translated(
    change: SchemaChange, version: str | None, new: Side | None, steps: Steps
) -> SchemaChange:
    """Return ``change`` as what it is to payloads that are translated before they are read."""
    if change.on_payloads is OnPayloads.SAFE or RULES[change.rule].family in ("tool", "result"):
        return change
    if version is None or new is None or new.tool.version in (None, version):
        return change
    reached, waiting = {version}, [version]
    while waiting:
        one = waiting.pop()
        further = {to for tool, old, to in steps if tool == change.tool and old == one} - reached
        reached |= further
        waiting += further
    if new.tool.version not in reached:
        return change
    older = f"of version {version}" if version else "from before it had versions"
    said = f"{change.said}; payloads {older} are translated"
    return replace(change, on_payloads=OnPayloads.SAFE, said=said)


def _identity(change: SchemaChange) -> tuple[str, str, str, str]:
    return change.tool, change.rule, change.path, change.said


def _running(sides: Sequence[Side]) -> list[Side]:
    """Return one side for each tool: the version that runs, the last of several."""
    return list({side.tool.name: side for side in sides if side.runs}.values())


def _first(sides: Iterable[Side], name: str) -> Side | None:
    return next((side for side in sides if side.tool.name == name), None)


def _counterpart(side: Side, new: Sequence[Side], today: dict[str, Side]) -> Side | None:
    if not side.runs:
        for other in new:
            if (other.tool.name, other.tool.version) == (side.tool.name, side.tool.version):
                return other
    return today.get(side.tool.name)


def _like(old: Side | None, new: Side | None) -> tuple[Any, Any]:
    """Return both sides in the form in which they can be compared: like with like.

    What a model was shown in strict mode is compared with what it would be shown today, both read
    back from the strict form; otherwise each difference of the forms would count as a change.
    """
    if old is None or new is None:
        return old, new
    if not old.says_result:
        new = replace(new, tool=replace(new.tool, result=None))
    if old.dialect is None:
        return old, new
    shown = new.shown.get(old.dialect)
    if old.dialect in _STRICT and shown is not None:
        reading = replace(new.tool.reading or Reading(), from_strict=True)
        return _read_back(old, None), _read_back(new, shown, reading)
    if (old.dialect in _STRICT) is not (new.dialect in _STRICT):
        return _plain(old), _plain(new)
    return replace(old, tool=replace(old.tool, strict=None, annotations={})), replace(
        new, tool=replace(new.tool, strict=None, annotations={})
    )


def _plain(side: Side) -> Side:
    """Return a side that models were shown in strict mode as what it was made of."""
    return _read_back(side, None, side.tool.reading) if side.dialect in _STRICT else side


def _read_back(side: Side, shown: JsonObject | None, reading: Reading | None = None) -> Side:
    _, description, parameters = parameters_of(shown) if shown else (None, None, None)
    tool = replace(
        side.tool,
        parameters=loosened(parameters if shown else side.tool.parameters),
        description=description if shown else side.tool.description,
        result=None,
        reading=reading,
        annotations={},
        strict=None,
    )
    return replace(side, tool=tool)


def _limits(old: Side, new: Side) -> list[SchemaChange]:
    """Return what providers do not take of the new version that they took of the old one."""
    found: list[SchemaChange] = []
    seen: set[str] = set()
    for dialect, definition in old.shown.items():
        provider = provider_of(dialect)
        if provider is None or provider in seen:
            continue
        seen.add(provider)
        if dialect in new.not_shown:
            found.append(_cannot_be_shown(new, dialect, " any more"))
        elif dialect in new.shown:
            before, now = parameters_of(definition)[2], parameters_of(new.shown[dialect])[2]
            found += new_limits(provider, new.tool.name, before, now)
    return found


def _cannot_be_shown(side: Side, dialect: str, now: str = "") -> SchemaChange:
    said = f"cannot be shown in the dialect '{dialect}'{now}: {side.not_shown[dialect]}"
    rule = "LEAVES_PROVIDER_SUBSET"
    return SchemaChange(rule, side.tool.name, "", OnPayloads.SAFE, OnModel.REFUSED, said)


def limits_of_sides(sides: Sequence[Side], providers: Sequence[str]) -> list[SchemaChange]:
    """Return everything that ``providers`` do not take of ``sides``, whatever was before."""
    found = []
    for side in _running(sides):
        for provider in providers:
            dialect = next((d for d in (*side.shown, *side.not_shown) if _meets(d, provider)), None)
            if dialect in side.not_shown:
                found.append(_cannot_be_shown(side, str(dialect)))
                continue
            shown = side.shown.get(dialect or "")
            schema = parameters_of(shown)[2] if shown else side.tool.parameters or {}
            limits = provider_limits(provider, side.tool.name, schema)
            found += [limit.as_change() for limit in limits]
    return found


def _meets(dialect: str, provider: str) -> bool:
    return provider_of(dialect) == provider.replace("anthropic-strict", "anthropic")
