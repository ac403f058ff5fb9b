"""One tool of one version: the function behind it, its schema, and how it wants to be called."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal, Protocol, get_args

from pydantic import TypeAdapter

from replay.errors import ToolboxError
from replay.records import Actor, JsonObject, ToolSchema
from replay.records.definitions import schema_id
from replay.records.sensitive import SHAPE
from replay.tools.contract import Contract
from replay.tools.marks import marks_of, told_of
from replay.tools.schemas import definition_in, parameters_of
from replay.tools.signature import (
    FromWorld,
    Signature,
    arguments_adapter,
    caller_names,
    description_of,
    parameters_schema,
    read_signature,
)

Validation = Literal["gate", "report"]
"""``gate``: arguments that do not fit never reach the tool. ``report``: they are noted, and the
tool is run as the code that was recorded would have run it."""


StoreAs = Literal["all", "shape"]
"""What of a tool's calls is stored: all of it, masked, or only a hash and the shape."""

ReplayAs = Literal["cassette", "recorded", "refuse"]
"""How calls of a tool are replayed unless the user says otherwise. Never ``live``: what goes out
is named by whoever starts the replay."""


class WorldTerms(Protocol):
    """What a tool must know of its toolbox's world to tell injected parameters from others."""

    @property
    def world_type(self) -> type | None:
        """The class that the factory says it returns, or None."""

    @property
    def world_name(self) -> str | None:
        """The parameter name that always gets the world, or None without a factory."""


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """How a tool wants to be called."""

    timeout_ms: float | None = None
    """Deadline of the whole call with its retries; None: no deadline."""
    idempotent: bool = False
    """True: running it twice with one request id does no harm, so a failure may be retried."""
    attempts_max: int = 1
    """Tries in all; more than one only for an idempotent tool."""
    retry_wait_ms: float = 100.0
    """Pause before the second try; doubled before each further one."""
    actor: Actor = "assistant"
    strict: bool = True
    """True: pydantic's strict mode for JSON (no "3" for 3; dates and enums come as text)."""
    validation: Validation = "gate"
    authorize: Callable[..., Any] | None = None
    sanitize: Callable[..., Any] | None = None
    replay: ReplayAs = "cassette"
    store: StoreAs = "all"
    raises: tuple[type[BaseException], ...] = ()
    """What it may end in besides ``Refused`` and its kin: the agent's part of the bargain."""
    contract: Contract | None = None
    """What it promises its callers; None: nothing is declared."""


class Tool:
    """A registered tool. Made by ``Toolbox.tool``, ``Toolbox.add`` and ``Toolbox.add_methods``."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        terms: WorldTerms,
        name: str | None = None,
        description: str | None = None,
        version: str | None = None,
        schema: Mapping[str, Any] | None = None,
        options: ToolOptions,
        method_of: FromWorld | None = None,
    ) -> None:
        """``method_of``: ``function`` is a method; its object is that part of the world."""
        given = parameters_of(schema) if schema is not None else (None, None, None)
        self.function = function
        self.name = name or given[0] or _function_name(function)
        self.version = version
        self.options = options
        self.given_schema: JsonObject | None = given[2]
        self.method_of = method_of
        self.method_name = function.__name__ if method_of is not None else None
        self._terms = terms
        self._local_names = caller_names(function)
        self._description = description if description is not None else given[1]
        self.is_async = _is_async(function)
        self.gates = options.validation == "gate"
        _refuse_unfit_replay(self.name, options.replay)
        _refuse_unfit_store(self.name, options.store)
        _refuse_unfit_version(self.name, version)
        _refuse_unfit_raises(self.name, options.raises)
        _refuse_unfit_contract(self.name, options.contract)
        if options.attempts_max > 1 and not options.idempotent:
            raise ToolboxError(
                f"Tool {self.name!r} asks for {options.attempts_max} attempts but is not "
                "idempotent.",
                hint="Say idempotent=True when running it twice does no harm; its request id "
                "(`replay.tools.current_call().request_id`) is the same in every attempt.",
            )

    def __repr__(self) -> str:
        version = f" version {self.version}" if self.version else ""
        return f"<Tool {self.name}{version}>"

    @cached_property
    def signature(self) -> Signature:
        """What the function takes from the model and what from the world."""
        return read_signature(
            self.function,
            world_type=self._terms.world_type,
            inject_as=self._terms.world_name,
            is_method=self.method_of is not None,
            local_names=self._local_names,
        )

    @cached_property
    def adapter(self) -> TypeAdapter[Any] | None:
        """Pydantic's validator of the arguments; None for a tool with a schema given as JSON."""
        if self.given_schema is not None:
            return None
        return arguments_adapter(self.signature, self.name)

    @cached_property
    def parameters(self) -> JsonObject:
        """The JSON Schema of the arguments."""
        if self.given_schema is not None:
            return self.given_schema
        assert self.adapter is not None
        return parameters_schema(self.adapter, self.signature)

    @property
    def description(self) -> str:
        """What the model is told the tool does."""
        if self._description is not None:
            return self._description
        return description_of(self.function)

    @property
    def needs_world(self) -> bool:
        """True when a parameter, or the method's object, comes from the world."""
        return self.method_of is not None or bool(self.signature.injected)

    @cached_property
    def schema_hash(self) -> str:
        """Identity of ``tool_schema``."""
        return self.tool_schema.id

    @cached_property
    def tool_schema(self) -> ToolSchema:
        """The schema that validates this tool's arguments, as a record."""
        dialect = "pydantic" if self.given_schema is None else "openai"
        return self.schema_record(dialect, validates=True)

    def schema_record(self, dialect: str, *, validates: bool = False) -> ToolSchema:
        """Return this tool's definition in ``dialect`` as a content-addressed record.

        ``validates``: with how arguments are judged by it, which is part of its identity where it
        is not what is usual: the same schema in lax mode is another validator.
        """
        shown = "openai" if dialect == "pydantic" else dialect
        definition = self.definition(shown)
        told: JsonObject = {}
        unusual: JsonObject = {}
        if validates:
            told |= self._marks_told()
            told["validation"] = self.options.validation
            if self.gates is not (self.given_schema is None):
                unusual["validation"] = self.options.validation
            if self.given_schema is None:
                told["strict"] = self.options.strict
                if not self.options.strict:
                    unusual["strict"] = False
        return ToolSchema(
            id=schema_id(self.name, self.version, dialect, definition, unusual),
            tool=self.name,
            tool_version=self.version,
            dialect=dialect,
            definition=definition,
            **told,
        )

    def _marks_told(self) -> JsonObject:
        """What it says of its data: no part of its identity, and nothing that a model is shown."""
        marks = marks_of(self)
        told: JsonObject = {"sensitive": told_of(marks)} if marks.rules else {}
        return {**told, "stored": SHAPE} if marks.shape_only else told

    def definition(self, dialect: str) -> JsonObject:
        """Return what a model is shown of this tool in ``dialect``."""
        return definition_in(
            dialect, name=self.name, description=self.description, parameters=self.parameters
        )

    def reading(self, *, is_strict: bool) -> Tool:
        """Return this tool with its arguments read strictly or not; all else is shared."""
        if self.options.strict is is_strict:
            return self
        _ = self.schema_hash  # built once, for both
        other = copy.copy(self)
        other.options = replace(self.options, strict=is_strict)
        return other

    def forget(self) -> None:
        """Drop what was built from the signature: the world's terms have changed."""
        for built in ("signature", "adapter", "parameters", "schema_hash", "tool_schema"):
            self.__dict__.pop(built, None)

    def check(self) -> None:
        """Build everything that is otherwise built on first use, so that mistakes show now.

        Raises:
            ToolboxError: an annotation cannot be resolved or described.
        """
        _ = self.schema_hash


_LIVE_IS_NAMED = (
    "No tool goes out because its code says so: whoever replays names it, with `--policy "
    "TOOL=live` or in [tool.replay.policy]."
)


def _refuse_unfit_replay(tool: str, said: str) -> None:
    if said not in get_args(ReplayAs):
        words = ", ".join(map(repr, get_args(ReplayAs)))
        raise ToolboxError(
            f"Tool {tool!r} says replay={said!r}.",
            nearest=next(iter(get_close_matches(said, get_args(ReplayAs), 1)), None),
            hint=_LIVE_IS_NAMED if said == "live" else f"A tool may say {words}.",
        )


def _refuse_unfit_store(tool: str, said: str) -> None:
    if said not in get_args(StoreAs):
        words = ", ".join(map(repr, get_args(StoreAs)))
        raise ToolboxError(
            f"Tool {tool!r} says store={said!r}.",
            nearest=next(iter(get_close_matches(str(said), get_args(StoreAs), 1)), None),
            hint=f"A tool may say {words}.",
        )


def _refuse_unfit_version(tool: str, said: object) -> None:
    if said is None or (isinstance(said, str) and said.strip()):
        return
    text = str(said).strip()
    raise ToolboxError(
        f"Tool {tool!r} says version={said!r}: a version is a text.",
        nearest=repr(text) if text else None,
        hint='Leave it out, or write it in quotes: `version="2"`.',
    )


def _refuse_unfit_raises(tool: str, raises: tuple[object, ...]) -> None:
    for one in raises:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise ToolboxError(
                f"Tool {tool!r} says that it raises {one!r}, which is no exception class.",
                hint="Name classes: raises=[LookupError, NoSuchOrder].",
            )


def _refuse_unfit_contract(tool: str, contract: object) -> None:
    if contract is not None and not isinstance(contract, Contract):
        raise ToolboxError(
            f"Tool {tool!r} says contract={contract!r}, which is no Contract.",
            hint="Write contract=Contract(idempotent=True, ...); "
            "`from replay.tools import Contract`.",
        )


def _function_name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", None)
    if name is None or name == "<lambda>":
        raise ToolboxError(f"{function!r} has no name to call it by.", hint="Give one: `name=...`.")
    return str(name)


def _is_async(function: Callable[..., Any]) -> bool:
    inner = function
    while hasattr(inner, "func") and not inspect.isroutine(inner):  # functools.partial
        inner = inner.func
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(
        getattr(inner, "__call__", None)  # noqa: B004 -- an object called as a function
    )
