"""What is asked of the outside between a model's output and its next prompt.

A tool that is a plain function, in no toolbox and under no decorator, runs unseen. But it runs in
the task or thread that got the model's output and sends the next prompt. So what is asked there
meanwhile belongs to the turn: by which of its calls, or by the agent itself, nobody saw.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

from replay.recorder.executions import interaction_records
from replay.records import JsonObject

if TYPE_CHECKING:
    from cassettes import Cassette
    from replay.recorder.calls import Turn

INTERACTIONS_MAX: Final = 256
"""Of one turn: an agent that never asks its model again must not fill the memory."""

_turns: weakref.WeakSet[Cassette] = weakref.WeakSet()
"""The cassettes of turns: where one is in force, no tool is being watched."""


def begin(turn: Turn, on_gone: Callable[[Turn], object]) -> None:
    """Keep what this task or thread asks of the outside from now on, with ``turn``.

    Not inside a tool that is seen to run, nor in a cassette of the application's own. ``on_gone``
    is called with ``turn`` once no task and no thread is left that could ask anything more: by the
    collector, in the middle of anything, so it may only take a note.
    """
    from cassettes import Cassette
    from cassettes.scope import Scope, current

    scope = current.get()
    if scope is not None and scope.cassette not in _turns:
        return
    turn.outside = Cassette(turn.model_call_id, interactions_max=INTERACTIONS_MAX)
    turn.outside.open()
    _turns.add(turn.outside)
    here = Scope(turn.outside)
    weakref.finalize(here, on_gone, turn).atexit = False
    current.set(here)


def end() -> None:
    """Keep no more for the turn of this task or thread, if there is one."""
    from cassettes.scope import current

    scope = current.get()
    if scope is not None and scope.cassette is not None and scope.cassette in _turns:
        scope.cassette.close()
        current.set(None)


def records_of(turn: Turn, captured: Collection[str]) -> list[JsonObject]:
    """Return what was asked in ``turn`` as records of its first call that was not seen to run.

    None where all were seen: then it was the agent that asked. Of tools that are ``captured`` it is
    only where there is no other: such a call may be seen later.
    """
    outside, turn.outside = turn.outside, None
    calls = [call for call in turn.calls if not call.execution.is_seen]
    unseen = min(calls, key=lambda call: call.tool in captured, default=None)
    if outside is None or unseen is None:
        return []
    outside.close()
    records = interaction_records(unseen.execution.id, outside.interactions)
    return [{**record, "bound_by": "turn"} for record in records]
