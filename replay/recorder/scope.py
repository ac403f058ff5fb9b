"""Where a model call or tool call belongs: what this task or thread is in the middle of."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from replay.recorder.calls import LiveTrace, OpenCall, Turn
from replay.records import JsonObject

if TYPE_CHECKING:
    from replay.recorder.journal import Journal


@dataclass(slots=True)
class OpenScope:
    """One ``with recorder.trace()`` that is in force."""

    journal: Journal
    trace: LiveTrace
    is_left: bool = False
    """True once it was left, perhaps in another task or thread than it was entered in."""


open_scope: ContextVar[OpenScope | None] = ContextVar("replay_trace_scope", default=None)
"""The innermost open trace scope of this context, or None."""

last_turn: ContextVar[Turn | None] = ContextVar("replay_last_turn", default=None)
"""The last model call answered in this task or thread: its calls are likely to run here, or in
tasks started from here. It tells conversations apart that run side by side without a scope."""

running_call: ContextVar[OpenCall | None] = ContextVar("replay_running_call", default=None)
"""The tool call that is running in this context, or None."""

announced: ContextVar[tuple[str, str] | None] = ContextVar("replay_announced", default=None)
"""A tool and the provider's id of the call that it runs for next in this context, or None."""

model_facts: ContextVar[JsonObject | None] = ContextVar("replay_model_facts", default=None)
"""What a framework's hook said of the model calls that are made in this context, or None."""


@dataclass(slots=True)
class NextFacts:
    """What a framework says of the one model call that is made next in this context."""

    facts: JsonObject
    is_taken: bool = False
    """True once a plane has seen that call."""


next_model_facts: ContextVar[NextFacts | None] = ContextVar("replay_next_facts", default=None)
"""The facts that wait for their model call, or None."""
