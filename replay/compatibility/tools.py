"""Whole tools: added, removed, renamed, said otherwise, and read otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from replay.compatibility.changes import OnModel, OnPayloads, SchemaChange
from replay.compatibility.comparing import compare_schemas
from replay.compatibility.pairs import BREAKS, MAY_BREAK, SAFE
from replay.compatibility.reading import JSON_SCHEMA, Reading
from replay.compatibility.renames import name_likeness
from replay.compatibility.results import compare_results
from replay.compatibility.rules import RULES
from replay.compatibility.values import same_value, shown, shown_apart
from replay.errors import ToolboxError
from replay.records import JsonObject, JsonValue
from replay.tools.schemas import parameters_of

_ALIKE: Final = 0.75
"""How alike two tools' properties must be for one to be the other's new name, 0 to 1."""
_RESULT_KEYS: Final = ("outputSchema", "output_schema", "response")


@dataclass(frozen=True, slots=True)
class ToolVersion:
    """What is compared of one tool: from a toolbox, a definition, a lock, a recorded prompt."""

    name: str
    parameters: JsonObject | None
    description: str | None = None
    result: JsonValue = None
    """None: not said."""
    version: str | None = None
    strict: bool | None = None
    """Whether it is shown in OpenAI's strict mode; None: not known."""
    annotations: JsonObject = field(default_factory=dict)
    """What a definition says beside name, description and schemas."""
    errors: JsonValue = None
    """The errors that it says it answers with; None: not said."""
    reading: Reading | None = None
    """How it reads payloads; None: not known."""


def tool_of(definition: JsonObject) -> ToolVersion:
    """Return the tool that ``definition`` describes: an OpenAI, Anthropic or MCP definition.

    Raises:
        ToolboxError: it is none of these, or has no name.
    """
    name, description, parameters = parameters_of(definition)
    if not isinstance(name, str):
        raise ToolboxError(
            f"This tool definition has no name: {shown(definition)}",
            hint="Give OpenAI, Anthropic or MCP definitions; each has a `name`.",
        )
    inner: Any = definition.get("function", definition)
    strict = inner.get("strict", definition.get("strict"))
    result = next((inner[key] for key in _RESULT_KEYS if key in inner), None)
    said = {key: inner[key] for key in ("annotations", "title", "execution") if key in inner}
    return ToolVersion(
        name,
        parameters,
        description,
        result if isinstance(result, dict) else None,
        strict=strict if isinstance(strict, bool) else None,
        annotations=said,
        errors=inner.get("errors"),
    )


def compare_tool(
    old: ToolVersion | None, new: ToolVersion | None, *, reading: Reading | None = None
) -> list[SchemaChange]:
    """Return every change of one tool; None: it is not there.

    ``reading``: how the new version reads payloads, where ``new`` does not say.
    """
    if old is None or new is None:
        return [_there_or_not(old, new)] if old or new else []
    reading = new.reading or reading or JSON_SCHEMA
    return [
        *_said_otherwise(old, new),
        *_read_otherwise(old, new),
        *compare_schemas(old.parameters, new.parameters, tool=new.name, reading=reading),
        *compare_results(old.result, new.result, tool=new.name),
    ]


def compare_tools(
    old: Sequence[ToolVersion],
    new: Sequence[ToolVersion],
    *,
    reading: Reading | None = None,
    in_order: bool = True,
) -> list[SchemaChange]:
    """Return every change between two sets of tools, tool by tool, in the old order.

    Each name is taken once, the last that has it. ``in_order``: whether both stand in the order in
    which models are shown them.
    """
    before, now = {tool.name: tool for tool in old}, {tool.name: tool for tool in new}
    gone = [tool for name, tool in before.items() if name not in now]
    came = [tool for name, tool in now.items() if name not in before]
    renamed = _renamed_tools(gone, came)
    found: list[SchemaChange] = []
    for name, tool in before.items():
        if name in now:
            found += compare_tool(tool, now[name], reading=reading)
        elif name in renamed:
            found += _renamed(tool, renamed[name], reading)
        else:
            found += compare_tool(tool, None)
    known = {tool.name for tool in renamed.values()}
    found += [_there_or_not(None, tool) for tool in came if tool.name not in known]
    kept = [name for name in before if name in now]
    if in_order and kept != [name for name in now if name in before]:
        said = "the tools are shown in another order"
        found.append(_change("TOOL_ORDER_CHANGED", "", SAFE, said, kept, list(now)))
    return found


def _change(
    rule: str, tool: str, verdict: OnPayloads, said: str, old: JsonValue, new: JsonValue
) -> SchemaChange:
    return SchemaChange(rule, tool, "", verdict, RULES[rule].on_model, said, old, new)


def _there_or_not(old: ToolVersion | None, new: ToolVersion | None) -> SchemaChange:
    if old is None:
        assert new is not None
        return _change("TOOL_ADDED", new.name, SAFE, "is a new tool", None, new.name)
    said = "is gone: calls of it end as `unknown_tool`"
    return _change("TOOL_REMOVED", old.name, BREAKS, said, old.name, None)


def _said_otherwise(old: ToolVersion, new: ToolVersion) -> Iterator[SchemaChange]:
    if (old.description or "") != (new.description or ""):
        was, is_now = shown_apart(old.description or "", new.description or "")
        said = f"was described as {was}, and is as {is_now}"
        yield _change(
            "TOOL_DESCRIPTION_CHANGED", new.name, SAFE, said, old.description, new.description
        )
    if not same_value(old.annotations, new.annotations):
        said = "what is said beside its schema is another"
        names = (old.annotations, new.annotations)
        yield _change("TOOL_ANNOTATIONS_CHANGED", new.name, SAFE, said, *names)
    if None not in (old.strict, new.strict) and old.strict != new.strict:
        said = "is shown in strict mode now" if new.strict else "is no longer shown in strict mode"
        yield _change("STRICT_CHANGED", new.name, SAFE, said, old.strict, new.strict)
    known = old.errors is not None and new.errors is not None
    if known and not same_value(old.errors, new.errors):
        said = f"says it answers with {shown(new.errors)}, and said with {shown(old.errors)}"
        yield _change("ERROR_CONTRACT_CHANGED", new.name, SAFE, said, old.errors, new.errors)


def _read_otherwise(old: ToolVersion, new: ToolVersion) -> Iterator[SchemaChange]:
    before, now = old.reading, new.reading
    if before is None or now is None:
        return
    if before.coerces != now.coerces:
        rule = "COERCION_ADDED" if now.coerces else "COERCION_REMOVED"
        verdict = SAFE if now.coerces else MAY_BREAK
        said = f'"3" is {"" if now.coerces else "no longer "}taken for 3'
        yield _change(rule, new.name, verdict, said, before.coerces, now.coerces)
    if before.gates != now.gates:
        rule = "GATE_ADDED" if now.gates else "GATE_REMOVED"
        verdict = MAY_BREAK if now.gates else SAFE
        said = f"arguments that do not fit are {'rejected' if now.gates else 'only noted'} now"
        yield _change(rule, new.name, verdict, said, before.gates, now.gates)
    by, by_now = _judged_by(before), _judged_by(now)
    if by != by_now:
        said = f"its arguments are judged by {by_now} now, and were by {by}"
        yield _change("JUDGED_OTHERWISE", new.name, MAY_BREAK, said, by, by_now)


def _judged_by(reading: Reading) -> str:
    """Return who judges arguments so: a toolbox reads null with annotations alone."""
    return "annotations" if reading.null_is_left_out else "a given schema"


def _renamed_tools(
    gone: Sequence[ToolVersion], came: Sequence[ToolVersion]
) -> dict[str, ToolVersion]:
    """Return the new tools by the old names that they may have had, the likeliest first."""
    found = [
        (likeness, old.name, new)
        for old in gone[:100]
        for new in came[:100]
        if (likeness := _likeness(old, new)) >= _ALIKE
    ]
    renamed: dict[str, ToolVersion] = {}
    for _, name, new in sorted(found, key=lambda one: -one[0]):
        if name not in renamed and all(new is not other for other in renamed.values()):
            renamed[name] = new
    return renamed


def _likeness(old: ToolVersion, new: ToolVersion) -> float:
    if _bare(old.name) == _bare(new.name):
        return 1.0
    before = set((old.parameters or {}).get("properties") or ())
    now = set((new.parameters or {}).get("properties") or ())
    shared = len(before & now) / len(before | now) if before | now else 0.0
    names = name_likeness(old.name, new.name)
    return 0.5 * names + 0.5 * shared if before | now else 0.8 * names


def _bare(name: str) -> str:
    """Return a tool's name without its namespace: ``search`` of ``github.search``."""
    for sign in (".", "__", "/", ":"):
        name = name.rpartition(sign)[2] or name
    return name


def _renamed(old: ToolVersion, new: ToolVersion, reading: Reading | None) -> list[SchemaChange]:
    rule = "NAMESPACE_CHANGED" if _bare(old.name) == _bare(new.name) else "TOOL_RENAMED"
    said = f"seems to be called `{new.name}` now"
    named = SchemaChange(rule, old.name, "", BREAKS, OnModel.CHANGED, said, old.name, new.name)
    inside = compare_tool(old, replace(new, name=old.name), reading=reading)
    return [named, *inside]
