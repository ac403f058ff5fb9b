"""Today's schemas beside the recorded ones: which are the same, changed, new or unrecorded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from replay.records.definitions import schema_id
from replay.store.schemas import SHOWN, VALIDATOR
from replay.verdicts.wording import times

if TYPE_CHECKING:
    from replay.replayer.questions.asking import DescribedTool
    from replay.store.schemas import KnownSchema, Registry

Status = Literal["same", "changed", "new version", "unrecorded", "new"]


@dataclass(frozen=True, slots=True)
class Today:
    """One version of one of today's tools, against what is recorded of it."""

    tool: str
    version: str | None
    actor: str
    id: str
    """Of what validates its arguments."""
    status: Status
    said: str
    """The status in words, with what it was compared with."""
    against: tuple[str, ...]
    """The ids of recorded schemas that it differs from."""
    place: str | None
    """``file:line`` of the function."""


def compared(tools: Sequence[DescribedTool], known: Registry) -> list[Today]:
    """Return each of today's tools with what the registry says of it."""
    return [_compared(tool, known) for tool in tools]


def place_words(tool: DescribedTool) -> str | None:
    """Return ``file:line`` of a tool's function, from the working directory where it is below."""
    if tool.file is None:
        return None
    path = Path(tool.file)
    here = Path.cwd()
    shown = os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
    return f"{shown}:{tool.line}" if tool.line else shown


def shown_id(tool: DescribedTool, dialect: str) -> str | None:
    """Return the id that today's definition in ``dialect`` would be recorded under."""
    definition = tool.shown.get(dialect)
    return None if definition is None else schema_id(tool.name, None, dialect, definition)


def _compared(tool: DescribedTool, known: Registry) -> Today:
    status, said, against = _judged(tool, known)
    return Today(
        tool=tool.name,
        version=tool.version,
        actor=tool.actor,
        id=tool.schema_hash,
        status=status,
        said=said,
        against=against,
        place=place_words(tool),
    )


def _judged(tool: DescribedTool, known: Registry) -> tuple[Status, str, tuple[str, ...]]:
    recorded = [one for one in known.schemas if one.tool == tool.name]
    judges = [one for one in recorded if VALIDATOR in one.roles]
    own = [one for one in judges if tool.version is None or tool.version in one.versions]
    if any(one.id == tool.schema_hash for one in judges):
        return "same", "as recorded", ()
    if own:
        newest = _newest(own)
        return "changed", f"changed since {_day(newest)}", (newest.id,)
    if judges and tool.version is not None:
        versions = sorted({version for one in judges for version in one.versions})
        return "new version", f"new; recorded: {', '.join(versions) or 'no version'}", ()
    return _by_what_was_shown(tool, recorded, known.bare_calls.get(tool.name, 0))


def _by_what_was_shown(
    tool: DescribedTool, recorded: Sequence[KnownSchema], bare_calls: int
) -> tuple[Status, str, tuple[str, ...]]:
    """Judge a tool that was recorded without its toolbox: by the definitions that models saw."""
    shown = [one for one in recorded if SHOWN in one.roles]
    newest = {one.dialect: one for one in sorted(shown, key=lambda one: one.last_seen_at or "")}
    comparable = {dialect: one for dialect, one in newest.items() if dialect in tool.shown}
    differing = [one for d, one in comparable.items() if shown_id(tool, d) != one.id]
    if differing:
        last = _newest(differing)
        return "changed", f"shown otherwise until {_day(last)}", tuple(one.id for one in differing)
    if comparable:
        return "same", "as models were shown it", ()
    if recorded or bare_calls:
        return "unrecorded", f"called {times(bare_calls)}, schema unrecorded", ()
    return "new", "new: never recorded", ()


def _newest(schemas: Sequence[KnownSchema]) -> KnownSchema:
    return max(schemas, key=lambda one: one.last_seen_at or "")


def _day(one: KnownSchema) -> str:
    return (one.last_seen_at or "it was recorded")[:10]
