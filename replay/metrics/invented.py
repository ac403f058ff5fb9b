"""Arguments that a model made up, and arguments that do not fit what it was shown.

An argument's value is *invented* where it stands nowhere in what the model was told before: system
prompt, people's messages, answers of tools, definitions of tools (so members of an enum and values
that a description names are told). What the model itself said before does not make a value told.
Common values and texts of the model's own are not looked for (`replay.metrics.told.left_out`).

Knowledge counts as invented too: that ``SFO`` is San Francisco, the model was not told. So look at
which arguments are made up, not at how many.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from replay.metrics.conversations import AskedCall, Conversation, Conversations
from replay.metrics.scope import Scope
from replay.metrics.told import is_told, leaves, left_out
from replay.store.shape_only import is_shape

TRACES_MAX: Final = 200
CALLS_MAX: Final = 500
"""Of one trace, its first ones: each is looked for in all that its model was told until then, so
that ten thousand would take an hour."""
EXAMPLES_MAX: Final = 3


@dataclass(slots=True)
class InventedArgument:
    """One argument of one tool: how often its value was looked for, and not found."""

    tool: str
    path: str
    """Places of lists are ``[*]``."""
    value_count: int = 0
    invented_count: int = 0
    examples: list[tuple[str, int, Any]] = field(default_factory=list)
    """Trace, step and value; at most three."""


@dataclass(slots=True)
class MadeUpCalls:
    """Calls of one tool, as far as they could be looked at."""

    tool: str
    call_count: int = 0
    """Calls of the model whose prompt is known and whose arguments are a JSON object, of a million
    letters at most."""
    invented_count: int = 0
    """Of these, calls with at least one invented value."""
    misfit_count: int = 0
    """Calls whose arguments do not fit the schema that the model was shown, whether or not their
    tool turned them away."""
    shown_count: int = 0
    """Calls whose model was shown a schema of the tool."""
    not_shown_count: int = 0
    """Calls of tools that the model was not shown, though it was shown others."""


@dataclass(slots=True)
class MadeUp:
    """What models made up in the newest traces of a scope."""

    calls: list[MadeUpCalls]
    """By tool, most calls first."""
    arguments: list[InventedArgument]
    """Those with invented values, most of them first."""
    read_count: int
    trace_count: int
    """Traces in the scope; only ``read_count`` of them were read, and of each at most `CALLS_MAX`
    calls."""


def read_made_up(
    connection: sqlite3.Connection,
    scope: Scope | None = None,
    *,
    traces_max: int = TRACES_MAX,
    is_over: Callable[[], bool] = lambda: False,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> MadeUp:
    """Return what models made up in the newest ``traces_max`` traces of ``scope``.

    ``is_over`` is asked before each trace and each call: True ends it, with what it has. ``tell``
    is told after each trace how many of how many are read.
    """
    scope = scope or Scope()
    reader = Conversations(connection)
    calls: dict[str, MadeUpCalls] = {}
    arguments: dict[tuple[str, str], InventedArgument] = {}
    read, count = 0, reader.count(scope)
    for trace in reader.of(scope, traces_max):
        if is_over():
            break
        read += 1
        _look_at(trace, reader, scope, calls, arguments, is_over)
        tell(read, min(count, traces_max))
    return MadeUp(
        sorted(calls.values(), key=lambda one: (-one.call_count, one.tool)),
        sorted(
            (one for one in arguments.values() if one.invented_count),
            key=lambda one: (-one.invented_count, one.tool, one.path),
        ),
        read,
        count,
    )


def shown_examples(made_up: MadeUp, shown: Callable[[str, str, Any, str], Any]) -> None:
    """Have the examples say what ``shown`` gives for a tool, a path, a value and a trace."""
    for one in made_up.arguments:
        one.examples = [
            (trace, step, shown(one.tool, one.path, value, trace))
            for trace, step, value in one.examples
        ]


def _look_at(
    trace: Conversation,
    reader: Conversations,
    scope: Scope,
    calls: dict[str, MadeUpCalls],
    arguments: dict[tuple[str, str], InventedArgument],
    is_over: Callable[[], bool],
) -> None:
    asking = {call.key: call for call in trace.model_calls}
    for call in trace.tool_calls[:CALLS_MAX]:
        if is_over():
            return
        asked = asking.get(call.model_call or 0)
        if call.actor != "assistant" or asked is None:
            continue
        if not scope.covers(call.tool, call.tool_version, asked.model, call.actor):
            continue
        if reader.has_long_arguments(call):
            continue
        given = reader.arguments(call)
        if is_shape(given):
            continue  # what the model wrote is not stored
        counted = calls.setdefault(call.tool, MadeUpCalls(call.tool))
        if asked.toolset is not None:
            _check_shown(counted, reader.schemas(asked.toolset), call, given)
        if given is None:
            continue
        counted.call_count += 1
        parts = reader.told(trace.key, asked)
        invented = False
        for path, value in leaves(given):
            if left_out(value) is not None:
                continue
            one = arguments.setdefault((call.tool, path), InventedArgument(call.tool, path))
            one.value_count += 1
            if not is_told(value, parts):
                invented = True
                one.invented_count += 1
                if len(one.examples) < EXAMPLES_MAX:
                    one.examples.append((trace.id, call.step_number, value))
        counted.invented_count += invented


def _check_shown(
    counted: MadeUpCalls, schemas: Mapping[str, Any], call: AskedCall, given: Any
) -> None:
    from replay.records.schema_check import schema_errors

    if call.tool not in schemas:
        counted.not_shown_count += 1
        return
    schema = schemas[call.tool]
    if schema is None or call.has_positional:
        return
    counted.shown_count += 1
    if given is None or schema_errors(schema, given):
        counted.misfit_count += 1
