"""What a tool, a sanitizer or an authorizer can ask about the call it is running in."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from replay.records import Actor, JsonObject


@dataclass(slots=True)
class CurrentCall:
    """The call that is running."""

    request_id: str
    """Ours, and the idempotency key: the same in every attempt, another for every call."""
    tool: str
    version: str | None
    actor: Actor
    provider_call_id: str | None
    world: Any
    arguments: JsonObject
    """What the tool gets, by parameter name."""
    attempt_number: int = 1


current: ContextVar[CurrentCall | None] = ContextVar("replay_current_call", default=None)


def current_call() -> CurrentCall | None:
    """Return the call that this code runs in, or None outside of any."""
    return current.get()
