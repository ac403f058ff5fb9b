"""Which tool of which version a call means, and its arguments in that version's words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from replay.records import Actor, JsonObject
from replay.records.traces import NO_TRANSLATION
from replay.tools.error_text import nearest_name
from replay.tools.observer import CallStart
from replay.tools.routing import chosen_version, no_such_version
from replay.tools.tool import Tool
from replay.tools.translations import ToolVersion

if TYPE_CHECKING:
    from replay.tools.outcome import CallProgress
    from replay.tools.toolbox import Toolbox


class UnknownTool(Exception):
    """No tool of that name exists for that actor."""

    def __init__(self, tool: str, names: list[str]) -> None:
        """``names``: the tools that exist."""
        super().__init__(f"There is no tool {tool!r}.")
        self.names = names
        self.nearest = nearest_name(tool, names)


Parser: TypeAlias = Literal["", "old", "new", "strict", "flexible"]
"""Who reads a replayed call's arguments; ``""``: whom the toolbox chooses.

``old``: the version that read them when they were recorded. ``new``: the one that is registered
last. ``strict``, ``flexible``: whom the toolbox chooses, in pydantic's strict mode or not.
"""


def resolve_tool(
    toolbox: Toolbox, start: CallStart, parser: Parser = "", recorded: str | None = None
) -> Tool:
    """Return the tool that ``start`` means, in the version that the toolbox's route chooses.

    ``parser`` chooses otherwise; ``recorded`` is the version that the recording names. Where an
    ``old`` version is not there any more, the toolbox chooses.

    Raises:
        UnknownTool: there is none of that name.
        RouteFailed: the route raised, or chose a version that does not exist.
    """
    versions = toolbox.versions(start.tool, start.actor)
    if not versions:
        raise UnknownTool(start.tool, toolbox.names(start.actor))
    newest = next(reversed(versions.values()))
    if parser == "new":
        return newest
    if parser == "old" and recorded is not None and recorded in versions:
        return versions[recorded]
    tool = newest
    if toolbox.route_hook is not None or toolbox.rollouts:
        tool = _routed(toolbox, start, versions, newest)
    return tool if parser in ("", "old") else tool.reading(is_strict=parser == "strict")


def _routed(
    toolbox: Toolbox, start: CallStart, versions: dict[str | None, Tool], newest: Tool
) -> Tool:
    chosen = chosen_version(toolbox, start, [version or "" for version in versions])
    if chosen is None:
        return newest
    found = versions.get(chosen) or (versions.get(None) if chosen == "" else None)
    if found is None:
        raise no_such_version(start.tool, chosen, versions)
    return found


def meant_call(toolbox: Toolbox, start: CallStart, written_for: str | None) -> CallStart:
    """Return ``start``, under today's name where a translation leads from its old one to that.

    ``written_for`` is the version that its arguments were written for. A name that is a tool stands
    for itself. A translation from no version (``None``) is an alias: it holds for every call.
    """
    if not toolbox.translations or toolbox.find(start.tool, start.actor) is not None:
        return start
    for version in dict.fromkeys((written_for or None, None)):
        chain = toolbox.translations.first_chain(
            ToolVersion(start.tool, version), lambda end: _is_run(toolbox, end, start.actor)
        )
        if chain is not None:
            return replace(start, tool=chain.end.tool)
    return start


def moved_to(toolbox: Toolbox, tool: str, version: str | None) -> ToolVersion | None:
    """Return the version that runs for calls of ``version`` of ``tool``; None: there is none."""
    start = CallStart(request_id="", tool=tool, arguments="")
    found = toolbox.find(meant_call(toolbox, start, version).tool)
    return None if found is None else ToolVersion(found.name, found.version)


def _is_run(toolbox: Toolbox, end: ToolVersion, actor: Actor) -> bool:
    if toolbox.route_hook is not None or toolbox.rollouts:
        return end.version in toolbox.versions(end.tool, actor)
    tool = toolbox.find(end.tool, actor)
    return tool is not None and tool.version == end.version


def _words(version: str | None) -> str:
    return f"version {version}" if version else "no version"


def is_older(meant: CallStart, start: CallStart, tool: Tool, written_for: str | None) -> bool:
    """Return whether the arguments were written for another version than ``tool``'s."""
    if meant.tool != start.tool:
        return True
    return written_for is not None and (written_for or None) != tool.version


def translated_arguments(
    toolbox: Toolbox,
    tool: Tool,
    old: str | None,
    values: JsonObject,
    progress: CallProgress,
) -> tuple[JsonObject, bool]:
    """Return ``values`` in the words of ``tool``'s version, and whether they are untouched.

    Raises:
        TranslationFailed: a translation raised or gave back something else than a dict.
    """
    asked, end = progress.start.tool, ToolVersion(tool.name, tool.version)
    old, chain = old or None, None
    for version in dict.fromkeys((old, None) if asked != tool.name else (old,)):
        chain = chain or toolbox.translations.chain_between(ToolVersion(asked, version), end)
    if chain is None:
        progress.notes.append(
            f"Recorded with {_words(old)} of the tool, read by {_words(tool.version)} as it is: "
            f"{NO_TRANSLATION}"
        )
        return values, True
    progress.translation, progress.dropped = chain.words, list(chain.drops)
    translated = chain.arguments(values)
    progress.notes.append(f"Arguments translated: {chain}.")
    if chain.rival:
        progress.notes.append(
            f"Another chain is as short: {' → '.join(chain.rival_words)}. The steps that were "
            "registered first were taken."
        )
    progress.is_translated = True
    return translated, False
