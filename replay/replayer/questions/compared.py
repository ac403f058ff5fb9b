"""Captured arguments and what today's tools make of them, as worker and asker tell each other.

Most captured calls mean today what they meant: the answer for these is one number. The rest says
only what differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from replay.records import Actor, JsonObject, JsonValue, Outcome

Place: TypeAlias = tuple[str | int | None, ...]
"""Keys and indexes on the way to a place in a payload; None is any index."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A place at which arguments mean something else today though no payload shows it."""

    place: Place
    is_carried: bool = False
    """True: that concerns arguments which carry it; False: those that leave it out, though what
    holds it is there."""


@dataclass(frozen=True, slots=True)
class Terms:
    """By what some captured arguments are judged; shared by all calls of one kind."""

    tool: str
    from_version: str | None = None
    """The version that the model was shown: the arguments are translated from it first."""
    actor: Actor = "assistant"
    watched: tuple[Watched, ...] = ()
    """Of these it is told whether they concern the arguments."""
    is_unread: bool = False
    """True: nobody recorded how the arguments were read. A 40 that is read as 40.0 today was most
    likely read so then, too."""

    def message(self) -> JsonObject:
        """Return the terms as a worker is told them."""
        return {
            "tool": self.tool,
            "from_version": self.from_version,
            "actor": self.actor,
            "watched": [[one.place, one.is_carried] for one in self.watched],
            "is_unread": self.is_unread,
        }


@dataclass(slots=True)
class Captured:
    """Arguments that a model wrote, and how they were read then. Not to be changed."""

    terms: Terms
    arguments: str
    """The model's raw text."""
    payload: JsonValue = None
    """The payload of then, where ``has_payload``; else the arguments themselves are compared."""
    has_payload: bool = False
    positional: list[JsonValue] | None = None


@dataclass(frozen=True, slots=True)
class Misfit:
    """One place where arguments do not fit."""

    type: str
    """Pydantic's word, which the check of given schemas uses too: ``missing``, ``int_type``."""
    path: str
    """The place in the payload; empty: the whole."""
    message: str
    value: JsonValue
    """What stands there, long values cut; for what is missing, None."""


@dataclass(frozen=True, slots=True)
class ReadChange:
    """One place that is read otherwise than it was."""

    path: str
    change: str
    """``added``, ``removed``, ``changed`` or ``moved``."""
    old: JsonValue
    new: JsonValue


@dataclass(frozen=True, slots=True)
class Compared:
    """What today's tools make of captured arguments, beside what was made of them."""

    outcome: Outcome
    """As of `Judged`: ``ok`` is accepted."""
    changes: tuple[ReadChange, ...] = ()
    """Where an accepted payload differs from the one of then; of translated ones it is not told."""
    errors: tuple[Misfit, ...] = ()
    """Where they do not fit; with ``ok``: the tool only reports it, and runs."""
    concerned: int = 0
    """Bit n: the n-th of the terms' watched places concerns them."""
    is_translated: bool = False
    message: str | None = None
    stage: str | None = None
    is_plain: bool = False
    """True: accepted and read as it was, and there is no more to say."""


_CUT_CHARS: Final = 200


def short(value: JsonValue) -> JsonValue:
    """Return ``value`` as an example: what is long is cut, and then a text."""
    if isinstance(value, str):
        return value if len(value) <= _CUT_CHARS else value[:_CUT_CHARS] + "…"
    if isinstance(value, dict | list):
        text = repr(value)
        return value if len(text) <= _CUT_CHARS else text[:_CUT_CHARS] + "…"
    return value


@lru_cache(maxsize=256)
def _same(concerned: int) -> Compared:
    return Compared(Outcome.OK, concerned=concerned, is_plain=not concerned)


def compared_of(answer: Any) -> Compared:
    """Return what a worker's answer says."""
    if type(answer) is int:
        return _same(answer)
    return Compared(
        Outcome(answer.get("outcome", "ok")),
        tuple(ReadChange(*change) for change in answer.get("changes", ())),
        tuple(Misfit(*error) for error in answer.get("errors", ())),
        answer.get("concerned", 0),
        answer.get("translated", False),
        answer.get("message"),
        answer.get("stage"),
    )
