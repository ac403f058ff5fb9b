"""What a tool's Python signature says: its parameters, their schema, and who validates them.

The arguments of a function become a TypedDict for pydantic. Parameters with a Python default are
not required there: when the model leaves one out, Python itself fills it in.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NotRequired, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict, get_type_hints

from replay.errors import ToolboxError
from replay.records import JsonObject
from replay.tools.encoding import NotJson, as_json

_EMPTY = inspect.Parameter.empty
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class FromWorld:
    """Marks a parameter that is filled from the world and never shown to a model.

    ``session: Annotated[Session, FromWorld("session")]`` takes the world's attribute or key;
    ``FromWorld()`` takes the world itself; a function picks what it likes.
    """

    part: str | Callable[[Any], Any] | None = None

    def take(self, world: Any) -> Any:
        """Return this part of ``world``."""
        if self.part is None:
            return world
        if callable(self.part):
            return self.part(world)
        if isinstance(world, Mapping):
            return world[self.part]
        return getattr(world, self.part)


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's parameters as a model sees them, and those that the world fills."""

    parameters: dict[str, inspect.Parameter]
    """Those that the model fills, in order, without ``*args`` and ``**kwargs``."""
    all_parameters: dict[str, inspect.Parameter]
    """Every parameter of the function; a method's without its object."""
    hints: dict[str, Any]
    injected: dict[str, FromWorld]
    takes_any_name: bool
    """True: the function has ``**kwargs``."""
    takes_any_count: bool
    """True: the function has ``*args``."""
    whole_payload: str | None
    """The one parameter whose pydantic model *is* the arguments, or None."""
    has_positional_only: bool
    """True: some parameter cannot be passed by name."""
    docs: dict[str, str] = field(default_factory=dict)
    """What the docstring says of each parameter."""


def read_signature(
    function: Callable[..., Any],
    *,
    world_type: type | None,
    inject_as: str | None,
    is_method: bool = False,
    local_names: Mapping[str, Any] | None = None,
) -> Signature:
    """Return what ``function`` takes from the model and what from the world.

    A parameter is the world's when it is annotated with ``FromWorld`` or with ``world_type``, or
    is called ``inject_as``. ``is_method``: the first parameter is the object, and nobody's.
    ``local_names``: where annotations of a function made inside another one are looked up.

    Raises:
        ToolboxError: an annotation cannot be resolved.
    """
    all_parameters = dict(inspect.signature(function).parameters)
    if is_method and all_parameters:
        del all_parameters[next(iter(all_parameters))]
    hints = _hints(function, local_names)
    parameters: dict[str, inspect.Parameter] = {}
    injected: dict[str, FromWorld] = {}
    takes_any_name = takes_any_count = False
    for name, parameter in all_parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            takes_any_name = True
        elif parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            takes_any_count = True
        elif (marker := _marker(name, hints.get(name), world_type, inject_as)) is not None:
            injected[name] = marker
        else:
            parameters[name] = parameter
    only = inspect.Parameter.POSITIONAL_ONLY
    return Signature(
        parameters=parameters,
        all_parameters=all_parameters,
        has_positional_only=any(one.kind is only for one in all_parameters.values()),
        hints=hints,
        injected=injected,
        takes_any_name=takes_any_name,
        takes_any_count=takes_any_count,
        whole_payload=_whole_payload(parameters, hints, takes_any_name or takes_any_count),
        docs=_parameter_docs(inspect.getdoc(function) or ""),
    )


def caller_names(function: Callable[..., Any]) -> Mapping[str, Any] | None:
    """Return the local names of whoever registers ``function``, where that one is local itself."""
    if "<locals>" not in getattr(function, "__qualname__", ""):
        return None
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("replay.tools."):
        frame = frame.f_back
    return dict(frame.f_locals) if frame is not None else None


def _hints(
    function: Callable[..., Any], local_names: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    target = inspect.unwrap(function)
    if not inspect.isroutine(target) and not inspect.isclass(target):
        target = getattr(target, "__call__", target)  # noqa: B004 -- an object called as a function
    try:
        hints = get_type_hints(target, localns=local_names, include_extras=True)
    except Exception as error:
        raise ToolboxError(
            f"The annotations of {_name(function)} cannot be resolved: {error}.",
            hint="Names used in annotations must be importable where the function is defined, "
            "not only under TYPE_CHECKING.",
        ) from error
    hints.pop("return", None)
    return hints


def _marker(
    name: str, hint: Any, world_type: type | None, inject_as: str | None
) -> FromWorld | None:
    if get_origin(hint) is Annotated:
        for extra in get_args(hint)[1:]:
            if isinstance(extra, FromWorld):
                return extra
            if extra is FromWorld:
                return FromWorld()
        hint = get_args(hint)[0]
    if name == inject_as or (world_type is not None and hint is world_type):
        return FromWorld()
    return None


def _whole_payload(
    parameters: dict[str, inspect.Parameter], hints: dict[str, Any], is_open: bool
) -> str | None:
    """One single parameter, positional-only, of a pydantic model's type takes all arguments."""
    if is_open or len(parameters) != 1:
        return None
    (name, parameter), *_ = parameters.items()
    hint = hints.get(name)
    is_model = isinstance(hint, type) and issubclass(hint, BaseModel)
    wants_all = parameter.kind is inspect.Parameter.POSITIONAL_ONLY and parameter.default is _EMPTY
    return name if is_model and wants_all else None


def arguments_adapter(signature: Signature, tool: str) -> TypeAdapter[Any]:
    """Return pydantic's validator of the arguments of a function with ``signature``.

    Raises:
        ToolboxError: pydantic has no schema for a parameter's type.
    """
    if signature.whole_payload is not None:
        return TypeAdapter(signature.hints[signature.whole_payload])
    fields = {
        name: _field(name, parameter, signature) for name, parameter in signature.parameters.items()
    }
    config = ConfigDict(
        extra="allow" if signature.takes_any_name else "forbid",
        arbitrary_types_allowed=False,
        populate_by_name=True,
    )
    try:
        shape = TypedDict(f"{tool}_arguments", fields)  # type: ignore[misc]  # made at run time
        shape.__pydantic_config__ = config  # type: ignore[attr-defined]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return TypeAdapter(shape)
    except PydanticUserError as error:
        raise ToolboxError(
            f"Tool {tool!r} cannot be described to a model: {str(error).splitlines()[0]}",
            hint="Every parameter that the model fills needs a type that JSON can carry. Mark "
            "what the model does not fill with `Annotated[..., FromWorld()]`.",
        ) from error


def _field(name: str, parameter: inspect.Parameter, signature: Signature) -> Any:
    hint = signature.hints.get(name, Any)
    extras: list[Any] = []
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
    described = any(isinstance(extra, FieldInfo) and extra.description for extra in extras)
    said = next((extra for extra in extras if isinstance(extra, str)), signature.docs.get(name))
    if said and not described:
        extras = [*extras, Field(description=said)]
    default = parameter.default
    if isinstance(default, FieldInfo):
        extras, required = [*extras, default], default.is_required()
    else:
        required = default is _EMPTY and not any(
            isinstance(extra, FieldInfo) and not extra.is_required() for extra in extras
        )
    full = Annotated[(hint, *extras)] if extras else hint
    return full if required else NotRequired[full]


class _WithoutTitles(GenerateJsonSchema):
    """The titles that pydantic derives from names say nothing that the names do not."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def parameters_schema(adapter: TypeAdapter[Any], signature: Signature) -> JsonObject:
    """Return the JSON Schema of the arguments, with Python's defaults in it."""
    schema = adapter.json_schema(schema_generator=_WithoutTitles)
    schema.pop("title", None)
    if signature.whole_payload is not None:
        schema.pop("description", None)
        return schema
    schema.pop("description", None)
    properties = schema.setdefault("properties", {})
    for name, parameter in signature.parameters.items():
        default = parameter.default
        if name in properties and default is not _EMPTY and not isinstance(default, FieldInfo):
            try:
                properties[name]["default"] = as_json(default)
            except NotJson:
                continue  # a default that JSON cannot show stays Python's own affair
    return schema


_SECTION = re.compile(
    r"^\s*(args|arguments|parameters|params|returns?|raises|yields|examples?|notes?)\s*:?\s*$",
    re.IGNORECASE,
)
_GOOGLE_PARAMETER = re.compile(r"^(\s+)\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_SPHINX_PARAMETER = re.compile(r"^\s*:param\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)$")


def description_of(function: Callable[..., Any]) -> str:
    """Return the docstring of ``function`` up to its first section (``Args:``, ``Returns:``...)."""
    lines: list[str] = []
    for line in (inspect.getdoc(function) or "").splitlines():
        if _SECTION.match(line) or line.lstrip().startswith((":param", ":return", ":raises")):
            break
        lines.append(line)
    return "\n".join(lines).strip()


def _parameter_docs(docstring: str) -> dict[str, str]:
    docs: dict[str, str] = {}
    inside, name, indent = False, "", 0
    for line in docstring.splitlines():
        if found := _SPHINX_PARAMETER.match(line):
            docs[found[1]] = found[2].strip()
            continue
        if section := _SECTION.match(line):
            inside, name = section[1].lower() in ("args", "arguments", "parameters", "params"), ""
            continue
        if not inside or not line.strip():
            continue
        found = _GOOGLE_PARAMETER.match(line)
        if found and (not name or len(found[1]) <= indent):
            name, indent = found[2], len(found[1])
            docs[name] = found[3].strip()
        elif name:
            docs[name] = f"{docs[name]} {line.strip()}".strip()
    return {name: said for name, said in docs.items() if said}


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", repr(function))
