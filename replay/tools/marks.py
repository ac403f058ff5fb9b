"""Which fields of a tool's arguments its annotations mark as sensitive, and what fits there."""

from __future__ import annotations

import dataclasses
import inspect
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import get_type_hints, is_typeddict

from replay.errors import ToolboxError
from replay.records import JsonObject, ToolSchema
from replay.records.sensitive import SHAPE, FieldRule, Fit, Path, Sensitive, ToolMarks, announce
from replay.tools.schemas import parameters_of

if TYPE_CHECKING:
    from replay.tools.tool import Tool


def announce_tool(tool: Tool) -> None:
    """Have what ``tool`` says of its data known to whatever stores its calls."""
    known = weakref.ref(tool)

    def marks() -> ToolMarks | None:
        found = known()
        return None if found is None else marks_of(found)

    announce(marks)


def announce_function(name: str, function: Callable[..., Any]) -> None:
    """Have what a function's annotations say known, as those of the tool called ``name``."""
    announce(lambda: ToolMarks(tuple(_rules(name, _hints(function), None))))


def marks_of(tool: Tool) -> ToolMarks:
    """Return what ``tool`` says of its data."""
    shape_only = frozenset((tool.name,) if tool.options.store == SHAPE else ())
    if tool.given_schema is not None:
        return ToolMarks((), shape_only)
    signature = tool.signature
    hints = {name: signature.hints.get(name, Any) for name in signature.parameters}
    if signature.whole_payload is not None:
        hints = {"": hints[signature.whole_payload]}
    marked = list(_rules(tool.name, hints, None))
    rules = tuple(_rules(tool.name, hints, tool.parameters)) if marked else ()
    try:
        result = _hints(tool.function).get("return")
    except Exception:  # noqa: BLE001 -- nobody needs it: what it says of arguments is read already
        result = None
    return ToolMarks((*rules, *_of_result(tool.name, result)), shape_only)


def _of_result(tool: str, hint: Any) -> Iterator[FieldRule]:
    for path, kind in _marked(hint, (), []):
        for part in ("result", "response"):
            yield FieldRule(tool, (part, *path), kind)


def _rules(tool: str, hints: Mapping[str, Any], schema: JsonObject | None) -> Iterator[FieldRule]:
    for name, hint in hints.items():
        if name == "return":
            continue
        for path, kind in _marked(hint, (name,) if name else (), []):
            yield FieldRule(tool, ("arguments", *path), kind, _fit(schema, path))


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    target = inspect.unwrap(function)
    if not inspect.isroutine(target) and not inspect.isclass(target):
        target = getattr(target, "__call__", target)  # noqa: B004 -- an object called as a function
    return get_type_hints(target, include_extras=True)


def _marked(hint: Any, path: Path, above: list[Any]) -> Iterator[tuple[Path, str | None]]:
    """Yield the places under ``hint`` that are marked, and as what.

    ``above``: the types that ``hint`` is a part of; one that is a part of itself is put there
    again, and what is marked in it is so at any depth.
    """
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        mark = _mark(extras)
        if mark is not None:
            yield path, mark.kind
            return
    if hint in above:
        above.append(hint)
        return
    fields = _fields(hint)
    if fields is None:
        for argument in get_args(hint):
            yield from _marked(argument, path if _is_union(hint) else (*path, "*"), above)
        return
    above.append(hint)
    found = [one for field in fields for one in _marked_field(*field, path, above)]
    is_part_of_itself = above.count(hint) > 1
    above[:] = [one for one in above if one != hint]
    for place, kind in found:
        yield place, kind
        if is_part_of_itself:
            yield (*path, "**", *place[len(path) :]), kind


def _marked_field(
    names: tuple[str, ...], annotation: Any, extras: Any, path: Path, above: list[Any]
) -> Iterator[tuple[Path, str | None]]:
    mark = _mark(extras)
    for name in names:
        if mark is None:
            yield from _marked(annotation, (*path, name), above)
        else:
            yield (*path, name), mark.kind


def _fields(hint: Any) -> Iterator[tuple[tuple[str, ...], Any, Any]] | None:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return (
            (_spellings(name, one), one.annotation, one.metadata)
            for name, one in hint.model_fields.items()
        )
    if dataclasses.is_dataclass(hint) or is_typeddict(hint):
        found = get_type_hints(hint, include_extras=True)
        return (((name,), annotation, ()) for name, annotation in found.items())
    return None


def _spellings(name: str, field: Any) -> tuple[str, ...]:
    aliases = (field.alias, field.validation_alias, field.serialization_alias)
    return tuple(dict.fromkeys((name, *(one for one in aliases if isinstance(one, str)))))


def _mark(extras: Any) -> Sensitive | None:
    for one in extras:
        if one is Sensitive:
            return Sensitive()
        if isinstance(one, Sensitive):
            return one
    return None


def _is_union(hint: Any) -> bool:
    origin = get_origin(hint)
    return not isinstance(origin, type) or origin.__name__ in ("Union", "UnionType")


def _fit(schema: JsonObject | None, path: Path) -> Fit:
    """Return what the JSON Schema of the arguments asks at ``path``."""
    node: Any = schema
    for part in path:
        if part == "**":
            continue  # the part of itself that is met first says it for all
        node = _resolved(node, schema)
        if not isinstance(node, dict):
            return Fit()
        if part == "*":
            node = node.get("items", node.get("additionalProperties"))
        else:
            node = node.get("properties", {}).get(part)
    node = _resolved(node, schema)
    if not isinstance(node, dict):
        return Fit()
    return Fit(
        length_max=node.get("maxLength"),
        pattern=node.get("pattern"),
        format=node.get("format"),
        choices=tuple(node.get("enum", ())),
        minimum=node.get("minimum", node.get("exclusiveMinimum")),
        maximum=node.get("maximum", node.get("exclusiveMaximum")),
    )


def _resolved(node: Any, root: Any) -> Any:
    """Return a node with its reference followed, and of a choice the part that is not null."""
    for _ in range(8):
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            found: Any = root
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found.get(part, {}) if isinstance(found, dict) else {}
            node = found
        elif "anyOf" in node:
            node = next((one for one in node["anyOf"] if one.get("type") != "null"), {})
        else:
            return node
    return node


def told_of(marks: ToolMarks) -> list[str]:
    """Return the marks of a tool as its stored schema tells them: ``arguments.card=card``."""
    return [".".join(rule.path) + (f"={rule.kind}" if rule.kind else "") for rule in marks.rules]


def recorded_marks(schemas: Iterable[ToolSchema]) -> ToolMarks:
    """Return what the tools said of their data when they were recorded."""
    rules: dict[FieldRule, None] = {}
    shape_only = set()
    for schema in schemas:
        if schema.stored == SHAPE:
            shape_only.add(schema.tool)
        for said in schema.sensitive or ():
            place, _, kind = said.partition("=")
            part, *path = place.split(".")
            fit = _fit(_parameters(schema), tuple(path)) if part == "arguments" else Fit()
            rules[FieldRule(schema.tool, (part, *path), kind or None, fit)] = None
    return ToolMarks(tuple(rules), frozenset(shape_only))


def _parameters(schema: ToolSchema) -> JsonObject | None:
    if not isinstance(schema.definition, dict):
        return None
    try:
        return parameters_of(schema.definition)[2]
    except ToolboxError:
        return None
