"""One version of one tool, from wherever it is named: a toolbox, a commit, a recording, a file.

==================  ==========================================================================
``2``               that version of today's toolbox; else of the recordings
``git:main``        the version that runs in that commit of today's toolbox
``old.json``        a file with a definition in any dialect, a bare JSON Schema, or a list
``-``               the tool before it had versions
``1=old.json``      any of these, to be called version 1
==================  ==========================================================================
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from replay.errors import SelectionError
from replay.records import JsonObject
from replay.replayer.baseline import baseline_place
from replay.replayer.environment import Place
from replay.replayer.questions.asking import Asking, DescribedTool, DescribedToolbox
from replay.store import Store
from replay.tools.schemas import parameters_of
from replay.tools.translations import ToolVersion


@dataclass(frozen=True, slots=True)
class Definition:
    """The schema of one version of one tool."""

    at: ToolVersion
    parameters: JsonObject
    source: str
    """Where it was found: ``toolbox``, ``recordings``, ``git:main``, ``old.json``."""


class Definitions:
    """Finds versions of tools by what a command line calls them."""

    def __init__(
        self,
        *,
        place: Place | None = None,
        toolbox: DescribedToolbox | None = None,
        store: Store | None = None,
    ) -> None:
        """``place``: where today's tools are, for commits of them; ``toolbox``: what they are."""
        self._place = place
        self._toolbox = toolbox
        self._store = store

    def find(self, tool: str, named: str) -> Definition:
        """Return the version of ``tool`` that ``named`` means.

        Raises:
            ReplayError: there is none; says which there are.
        """
        label, equals, where = named.partition("=")
        if not equals:
            label, where = "", named
        if where.startswith("git:"):
            return self._in_commit(tool, where, label)
        if Path(where).is_file():
            return _in_file(tool, where, label)
        if where.endswith(".json") or "/" in where:
            raise SelectionError(
                f"There is no file {where!r}, wanted for the schema of {tool!r}.",
                hint="Name a version, a file with a JSON Schema, or git:REF.",
            )
        return self._of_version(tool, where, label)

    def _in_commit(self, tool: str, where: str, label: str) -> Definition:
        if self._place is None:
            raise SelectionError(
                f"{where!r} is a commit of today's tools, and no tools are named.",
                hint="Name them with --tools package.module:toolbox.",
            )
        with baseline_place(where, self._place) as place, Asking(place) as asking:
            found = asking.toolbox.find(tool)
            if found is None:
                raise _no_tool(tool, where, [one.name for one in asking.toolbox.tools])
        return _described(found, where, label)

    def _of_version(self, tool: str, version: str, label: str) -> Definition:
        known: list[str] = []
        if self._toolbox is not None:
            found = _with_version(self._toolbox, tool, version)
            if found is not None:
                return _described(found, "toolbox", label)
            known += [one.version or "-" for one in self._toolbox.tools if one.name == tool]
        if self._store is not None:
            schemas = [one for one in self._store.tool_schemas() if one.tool == tool]
            fitting = [one for one in schemas if version in (one.tool_version or "-", one.id)]
            if fitting and isinstance(fitting[-1].definition, dict):
                # The one that validates comes before what models were shown of it.
                best = next((one for one in fitting if one.dialect == "pydantic"), fitting[-1])
                _, _, parameters = parameters_of(best.definition)
                at = ToolVersion(tool, label or best.tool_version)
                return Definition(at, parameters, "recordings")
            known += [one.tool_version or one.id for one in schemas]
        raise _no_version(tool, version, list(dict.fromkeys(known)), self._toolbox)


def _with_version(toolbox: DescribedToolbox, tool: str, version: str) -> DescribedTool | None:
    return next(
        (one for one in toolbox.tools if one.name == tool and (one.version or "-") == version),
        None,
    )


def _described(found: DescribedTool, source: str, label: str) -> Definition:
    version = label or found.version
    return Definition(ToolVersion(found.name, version), found.parameters, source)


def _in_file(tool: str, where: str, label: str) -> Definition:
    try:
        held: Any = json.loads(Path(where).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SelectionError(
            f"{where!r} holds no JSON: {error}.",
            hint="A file with a tool's definition (OpenAI, Anthropic, MCP) or a JSON Schema.",
        ) from error
    if isinstance(held, dict) and isinstance(held.get("tools"), list):
        held = held["tools"]
    several = held if isinstance(held, list) else [held]
    definitions = [parameters_of(one if isinstance(one, dict) else {"": one}) for one in several]
    fitting = [one for one in definitions if one[0] in (None, tool)]
    if not fitting:
        raise _no_tool(tool, where, [name for name, _, _ in definitions if name])
    return Definition(ToolVersion(tool, label or Path(where).stem), fitting[0][2], where)


def name_in(named: str) -> str | None:
    """Return the tool that a file defines, where ``named`` is a file with just one; else None."""
    where = named.partition("=")[2] or named
    if not Path(where).is_file():
        return None
    try:
        held: Any = json.loads(Path(where).read_text("utf-8"))
    except (OSError, ValueError):
        return None  # whoever reads it for its schema tells what is wrong with it
    if isinstance(held, list) and len(held) == 1:
        held = held[0]
    if not isinstance(held, dict):
        return None
    name = (
        held.get("function", held).get("name")
        if isinstance(held.get("function", held), dict)
        else None
    )
    return name if isinstance(name, str) else None


def _no_tool(tool: str, where: str, names: Sequence[str]) -> SelectionError:
    return SelectionError(
        f"There is no tool {tool!r} in {where!r}.",
        nearest=next(iter(get_close_matches(tool, names, 1, cutoff=0.4)), None),
        hint=f"There are: {', '.join(sorted(set(names))[:12])}." if names else None,
    )


def _no_version(
    tool: str, version: str, known: list[str], toolbox: DescribedToolbox | None
) -> SelectionError:
    if known:
        there = f"There are: {', '.join(known[:12])}."
        if "-" in known:
            there += (
                " `-` is today's, which has no version; @toolbox.tool(version=...) gives it one."
            )
    elif toolbox is not None:
        return _no_tool(tool, "the toolbox", [one.name for one in toolbox.tools])
    else:
        there = "Name today's tools with --tools, a database with --db, or give files."
    return SelectionError(
        f"There is no version {version!r} of tool {tool!r}.",
        nearest=next(iter(get_close_matches(version, known, 1, cutoff=0.4)), None),
        hint=there,
    )
