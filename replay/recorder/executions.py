"""Seeing a tool run: its arguments and result as JSON, its outside calls, how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextvars import Token
from types import TracebackType
from typing import TYPE_CHECKING, Any

import orjson

from replay.recorder.calls import Execution, OpenCall, Turn
from replay.recorder.scope import last_turn, running_call
from replay.records import CallError, JsonObject, JsonValue, Outcome, Stage
from replay.tools.encoding import NotJson, as_json, plain_json
from replay.tools.refusals import Refusal

if TYPE_CHECKING:
    from cassettes import Cassette, Interaction
    from cassettes.draws import Keep

_FRAMES_MAX = 20


def json_form(value: object) -> tuple[JsonValue, str | None]:
    """Return ``value`` as JSON, and None or why it is only described.

    What JSON cannot hold is described by its ``repr``, cut at 2,000 characters.
    """
    try:
        return as_json(value), None
    except NotJson as error:
        if isinstance(value, Mapping):
            return {str(key): json_form(item)[0] for key, item in value.items()}, str(error)
        return {"repr": repr(value)[:2000]}, str(error)


class Signature:
    """How a function's arguments become a payload."""

    def __init__(self, function: Callable[..., Any]) -> None:
        try:
            self._signature: inspect.Signature | None = inspect.signature(function)
        except (TypeError, ValueError):  # a builtin without a signature
            self._signature = None
        parameters = list(self._signature.parameters.values()) if self._signature else []
        first = parameters[0].name if parameters else None
        is_method = "." in getattr(function, "__qualname__", "").rpartition("<locals>.")[2]
        self._receiver = first if is_method and first in ("self", "cls") else None
        kinds = {parameter.kind for parameter in parameters}
        self._rest = next((p.name for p in parameters if p.kind is p.VAR_KEYWORD), None)
        # Binding by hand is ten times faster than `Signature.bind`; these are the usual kinds.
        self._is_plain = self._signature is not None and kinds <= {
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        }
        self._positions = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        self._names = [p.name for p in parameters]
        self._defaults = {p.name: p.default for p in parameters if p.default is not p.empty}

    def payload(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> JsonValue:
        """Return the arguments by name, defaults included; keyword rests are laid flat."""
        named = self._bound(args, kwargs)
        if named is None:  # the call itself is about to fail with it
            return json_form({"args": args, **kwargs})[0]
        if self._receiver is not None:
            named.pop(self._receiver, None)
        if self._rest is not None:
            named |= named.pop(self._rest, {})
        return json_form(named)[0]

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
        if self._is_plain and len(args) <= len(self._positions):
            given = dict(zip(self._positions, args, strict=False))
            if given.keys() & kwargs.keys() or not kwargs.keys() <= set(self._names):
                return None
            whole = {**self._defaults, **given, **kwargs}
            in_order = {name: whole[name] for name in self._names if name in whole}
            return in_order if len(in_order) == len(self._names) else None
        if self._signature is None:
            return None
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError:
            return None
        bound.apply_defaults()
        return dict(bound.arguments)


def _cassettes() -> Any:
    import cassettes

    return cassettes


class Watch:
    """One execution of a captured function, as a context: its cassette and its place are held.

    The application's exception passes through untouched; what fails in here is only counted.
    """

    __slots__ = (
        "__weakref__",
        "_call",
        "_cassette",
        "_freeze",
        "_running",
        "_turn",
        "execution",
        "is_done",
    )

    def __init__(self, call: OpenCall, *, outside: bool, keep_draws: Keep = "uuid") -> None:
        """``outside``: keep what the tool asks of the outside world, and what it draws."""
        self._call = call
        self.execution = call.execution
        self.is_done = False
        """The tool has asked all that it asks of the outside."""
        self._cassette: Cassette | None = None
        self._freeze: Any = None
        self._running: Token[OpenCall | None] | None = None
        self._turn: Token[Turn | None] | None = None
        if outside:
            cassettes = sys.modules.get("cassettes") or _cassettes()
            self._cassette = cassettes.Cassette(
                call.execution.id, mode="record", keep_draws=keep_draws
            )
            self._freeze = cassettes.freeze(self._cassette)

    def __enter__(self) -> Watch:
        self._running = running_call.set(self._call)
        # A model that the tool asks must not be taken for the one that asked for the tool.
        self._turn = last_turn.set(last_turn.get())
        if self._freeze is not None:
            self._freeze.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._freeze is not None:
                self._freeze.__exit__(kind, error, trace)
            if self._cassette is not None:
                self.execution.draws = self._cassette.draws.to_json()
        finally:
            self.is_done = True
            if self._turn is not None:
                last_turn.reset(self._turn)
            if self._running is not None:
                running_call.reset(self._running)

    @contextlib.contextmanager
    def carried(self) -> Iterator[None]:
        """Hold the same cassette in another task or thread, while this one is held."""
        if self._cassette is None:
            yield
            return
        from cassettes.scope import Scope, current

        token = current.set(Scope(self._cassette))
        try:
            yield
        finally:
            current.reset(token)

    def interactions(self) -> list[JsonObject]:
        """Return the Interaction records of what was asked outside."""
        if self._cassette is None:
            return []
        return interaction_records(self.execution.id, self._cassette.interactions)


def interaction_records(tool_call_id: str, interactions: list[Interaction]) -> list[JsonObject]:
    """Return ``interactions`` as records of the call they were made in."""
    return [
        {
            "kind": "interaction",
            "id": f"{tool_call_id}.{index}",
            "tool_call_id": tool_call_id,
            "interaction_index": index,
            "protocol": "external" if interaction.via == "external" else "http",
            "exchange": interaction.to_json(),
        }
        for index, interaction in enumerate(interactions)
    ]


def note_return(run: Execution, result: object) -> None:
    """Put what a captured function returned on its execution, as it is now."""
    run.duration_ms = round((time.perf_counter() - run.started) * 1e3, 3)
    written = plain_json(result)
    if written is not None:
        run.result = orjson.Fragment(written)
    else:
        run.result, described = json_form(result)
        if described is not None:
            run.attributes = {**run.attributes, "result_is_described": described}
    run.outcome = Outcome.OK


def note_error(run: Execution, error: BaseException) -> None:
    """Put the exception that ended a captured function on its execution."""
    run.duration_ms = round((time.perf_counter() - run.started) * 1e3, 3)
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ != "builtins":
        name = f"{kind.__module__}.{name}"
    run.outcome = _outcome_of(error)
    never_ran = isinstance(error, TypeError) and (
        error.__traceback__ is None or error.__traceback__.tb_next is None
    )
    if never_ran and run.outcome is Outcome.FAILED:
        # Python itself turned the call away: no frame of the tool's was ever entered.
        run.outcome = Outcome.INVALID_ARGUMENTS
        run.error = CallError(type="TypeError", message=_words(error), stage=Stage.VALIDATE)
        return
    details = None
    if isinstance(error, Refusal):
        details = json_form({"code": error.code, "details": error.details})[0]
    shown = None
    if run.outcome is Outcome.FAILED:
        # The first frame is the wrapper's.
        frames = error.__traceback__.tb_next if error.__traceback__ is not None else None
        shown = "".join(traceback.format_exception(kind, error, frames, limit=-_FRAMES_MAX))
    run.error = CallError(
        type=name, message=_words(error), stage=Stage.INVOKE, details=details, traceback=shown
    )


def _outcome_of(error: BaseException) -> Outcome:
    if isinstance(error, Refusal):
        return error.outcome
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | GeneratorExit):
        return Outcome.CANCELLED
    if isinstance(error, SystemExit):
        return Outcome.CRASHED
    return Outcome.FAILED


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 -- a user's own __str__ may raise
        return f"(its text cannot be read: {type(broken).__name__})"


def arguments_text(payload: JsonValue) -> str:
    """Return arguments as the text of a call that no model wrote."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
