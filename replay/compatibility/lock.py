"""The lock: today's schemas as a file that is reviewed, and what has changed since.

A schema that changes without its version breaks what was recorded without a word; the lock makes
that a failure of CI, and the change a few lines of a review.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Protocol

from replay.compatibility.reading import reading_of
from replay.compatibility.tools import ToolVersion
from replay.errors import ReplayError
from replay.records import JsonObject, JsonValue
from replay.store.schemas import version_order

FORMAT: Final = 1
"""The newest form of the file that this version reads and writes."""
FILE_NAME: Final = "replay-schemas.lock.json"

AS_SOURCE: Final = "as source"
"""Instead of a schema: models are shown the source itself."""
_RELOCK: Final = "`replay schema lock` writes it anew from today's tools."


class LockError(ReplayError):
    """A lock file that is missing, damaged, or of a newer version of replay."""


class ToolToLock(Protocol):
    """What is locked of one version of one tool; `replay.replayer.questions` describes such."""

    @property
    def name(self) -> str: ...  # noqa: D102 -- as the tool has it
    @property
    def version(self) -> str | None: ...  # noqa: D102
    @property
    def actor(self) -> Any: ...  # noqa: D102
    @property
    def description(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> JsonObject: ...  # noqa: D102
    @property
    def result(self) -> JsonValue: ...  # noqa: D102
    @property
    def shown(self) -> Mapping[str, JsonObject]: ...  # noqa: D102
    @property
    def not_shown(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def gates(self) -> bool: ...  # noqa: D102
    @property
    def strict(self) -> bool: ...  # noqa: D102
    @property
    def is_given(self) -> bool: ...  # noqa: D102
    @property
    def runs(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class LockedTool:
    """One version of one tool: its three schemas, kept apart."""

    tool: str
    version: str | None
    actor: str
    runs: bool
    """True: the version that models are shown and that runs."""
    description: str
    source: JsonObject
    """The JSON Schema of the arguments, as the code says it."""
    validator: JsonObject
    """How arguments are judged: ``by`` (``pydantic``, or ``json-schema`` for a given one),
    ``strict``, ``misfits`` (``refused`` or ``reported``)."""
    shown: dict[str, JsonValue]
    """By dialect, the schema that models are shown: AS_SOURCE, a rewritten one, or
    ``{"not shown": why}``."""
    result: JsonValue = None
    """The JSON Schema of what it returns; None: it does not say."""

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What names it: actor, tool, version."""
        return self.actor, self.tool, self.version

    @property
    def compared(self) -> ToolVersion:
        """What rules compare of it."""
        reading = reading_of(
            strict=bool(self.validator.get("strict", True)),
            is_given=self.validator.get("by") == "json-schema",
            gates=self.validator.get("misfits") != "reported",
        )
        return ToolVersion(
            self.tool, self.source, self.description, self.result, self.version, reading=reading
        )

    @property
    def named(self) -> str:
        """``create_event version 2``."""
        version = f" version {self.version}" if self.version is not None else ""
        actor = "" if self.actor == "assistant" else f" (of the {self.actor})"
        return f"{self.tool}{version}{actor}"


@dataclass(frozen=True, slots=True)
class Lock:
    """All tools of a toolbox at one moment."""

    toolbox: str
    """``package.module:toolbox``."""
    tools: list[LockedTool]

    def find(self, tool: str, version: str | None = None) -> LockedTool | None:
        """Return that version of a tool, None the one that runs; None: it is not locked."""
        for one in self.tools:
            if one.tool == tool and (one.runs if version is None else one.version == version):
                return one
        return None


def lock_of(toolbox: str, tools: Iterable[ToolToLock]) -> Lock:
    """Return the lock of today's tools, in the order in which it is written."""
    locked = [_locked(tool) for tool in tools]
    return Lock(toolbox, sorted(locked, key=lambda one: (one.tool, one.actor, _order(one))))


def _order(one: LockedTool) -> tuple[tuple[int, int, str], ...]:
    return version_order(one.version)


def _locked(tool: ToolToLock) -> LockedTool:
    from replay.tools.schemas import parameters_of

    shown: dict[str, JsonValue] = {}
    for dialect, definition in tool.shown.items():
        schema = parameters_of(definition)[2]
        shown[dialect] = AS_SOURCE if schema == tool.parameters else schema
    shown |= {dialect: {"not shown": why} for dialect, why in tool.not_shown.items()}
    by: JsonObject = {"by": "json-schema" if tool.is_given else "pydantic"}
    strict = {} if tool.is_given else {"strict": tool.strict}
    return LockedTool(
        tool=tool.name,
        version=tool.version,
        actor=str(tool.actor),
        runs=tool.runs,
        description=tool.description,
        source=tool.parameters,
        validator={**by, **strict, "misfits": "refused" if tool.gates else "reported"},
        shown=dict(sorted(shown.items())),
        result=tool.result,
    )


# -- the file -------------------------------------------------------------------------------------


def lock_text(lock: Lock) -> str:
    """Return the file's text: the same for the same tools, one fact per line.

    A schema that stands twice in a tool, in two dialects, is written once.
    """
    tools = [_entry(one) for one in lock.tools]
    whole = {"format": FORMAT, "toolbox": lock.toolbox, "tools": tools}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _entry(one: LockedTool) -> JsonObject:
    entry: JsonObject = {"tool": one.tool}
    if one.version is not None:
        entry["version"] = one.version
    if one.actor != "assistant":
        entry["actor"] = one.actor
    if not one.runs:
        entry["runs"] = False
    entry |= {"description": one.description, "validator": one.validator, "source": one.source}
    if one.result is not None:
        entry["result"] = one.result
    return {**entry, "shown": _written_once(one.shown)}


def _written_once(shown: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {}
    for dialect, schema in shown.items():
        first = next((name for name, other in written.items() if other == schema), None)
        is_worth_it = first is not None and schema != AS_SOURCE
        written[dialect] = f"as {first}" if is_worth_it else schema
    return written


def write_lock(path: Path, lock: Lock) -> None:
    """Write the file, whole or not at all.

    Raises:
        LockError: it cannot be written.
    """
    newborn = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        newborn.write_text(lock_text(lock), encoding="utf-8")
        newborn.replace(path)
    except OSError as error:
        newborn.unlink(missing_ok=True)
        raise LockError(
            f"The lock {str(path)!r} cannot be written: {error.strerror}.",
            hint="Give another place with --file, or `schema_lock` in [tool.replay].",
        ) from error


def read_lock(path: Path) -> Lock:
    """Return what the file says.

    Raises:
        LockError: there is no such file, it is no lock, or a newer version of replay wrote it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise LockError(
            f"There is no lock {str(path)!r}.",
            nearest=_near_files(path),
            hint="`replay schema lock` writes it; commit the file, and CI can check it.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LockError(f"The lock {str(path)!r} cannot be read: {said}.", hint=_RELOCK) from error
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        conflict = "<<<<<<<" in text
        raise LockError(
            f"The lock {path}:{error.lineno}:{error.colno} is not JSON: {error.msg}.",
            hint=f"It holds an unfinished merge. {_RELOCK}" if conflict else _RELOCK,
        ) from error
    return _lock_from(whole, path)


def _lock_from(whole: Any, path: Path) -> Lock:
    found = whole.get("format") if isinstance(whole, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise LockError(
            f"The lock {str(path)!r} has format {found}; this version reads up to {FORMAT}.",
            hint="Upgrade with `pip install -U replay-sandbox`.",
        )
    if found != FORMAT or not isinstance(whole.get("tools"), list):
        raise LockError(
            f"{str(path)!r} is no lock of replay: it has no `format` and `tools`.", hint=_RELOCK
        )
    tools = [_tool_from(entry, index, path) for index, entry in enumerate(whole["tools"])]
    return Lock(str(whole.get("toolbox", "")), tools)


def _tool_from(entry: Any, index: int, path: Path) -> LockedTool:
    wanted = {"tool": str, "source": dict, "validator": dict, "shown": dict}
    for name, kind in wanted.items():
        if not isinstance(entry, dict) or not isinstance(entry.get(name), kind):
            raise LockError(
                f"The lock {str(path)!r} is damaged: tools[{index}] has no {name!r}.",
                hint=_RELOCK,
            )
    return LockedTool(
        tool=entry["tool"],
        version=entry.get("version"),
        actor=entry.get("actor", "assistant"),
        runs=entry.get("runs", True),
        description=entry.get("description", ""),
        source=entry["source"],
        validator=entry["validator"],
        shown=_spelled_out(entry["shown"]),
        result=entry.get("result"),
    )


def _spelled_out(shown: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    spelled: dict[str, JsonValue] = {}
    for dialect, schema in shown.items():
        named = schema.removeprefix("as ") if isinstance(schema, str) else ""
        spelled[dialect] = shown.get(named, schema)
    return spelled


def _near_files(path: Path) -> str | None:
    folder = path.parent if path.parent.is_dir() else None
    names = [one.name for one in folder.glob("*.json")] if folder else []
    near = get_close_matches(path.name, names, n=1, cutoff=0.5)
    return str(path.with_name(near[0])) if near else None
