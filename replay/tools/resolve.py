"""Which tool of which version a call means, and its arguments in that version's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from replay.records import JsonObject
from replay.tools.error_text import nearest_name
from replay.tools.observer import CallStart
from replay.tools.routing import chosen_version, no_such_version
from replay.tools.tool import Tool

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


def translated_arguments(
    toolbox: Toolbox, tool: Tool, old: str, values: JsonObject, progress: CallProgress
) -> tuple[JsonObject, bool]:
    """Return ``values`` in the words of ``tool``'s version, and whether they are untouched.

    Raises:
        TranslationFailed: a translation raised or gave back something else than a dict.
    """
    new = tool.version
    chain = toolbox.translations.chain(tool.name, old, new) if new is not None else None
    if chain is None:
        progress.notes.append(
            f"The arguments are of version {old}, the tool is of "
            f"{f'version {new}' if new else 'no version'}; no translation leads there."
        )
        return values, True
    progress.translation = chain
    translated = toolbox.translations.translate(tool.name, chain, values)
    progress.notes.append(f"Arguments translated: version {' → '.join(chain)}.")
    progress.is_translated = True
    return translated, False
