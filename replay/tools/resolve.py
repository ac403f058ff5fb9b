"""Which tool of which version a call means, and its arguments in that version's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from replay.records import JsonObject
from replay.tools.error_text import nearest_name
from replay.tools.observer import CallStart
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


def resolve_tool(toolbox: Toolbox, start: CallStart) -> Tool:
    """Return the tool that ``start`` means, in the version that the toolbox's route chooses.

    Raises:
        UnknownTool: there is none of that name.
    """
    if toolbox.route_hook is None:
        tool = toolbox.find(start.tool, start.actor)
        if tool is None:
            raise UnknownTool(start.tool, toolbox.names(start.actor))
        return tool
    versions = toolbox.versions(start.tool, start.actor)
    if not versions:
        raise UnknownTool(start.tool, toolbox.names(start.actor))
    chosen = toolbox.route_hook(start, [version or "" for version in versions])
    if chosen is None:
        return next(reversed(versions.values()))
    if chosen not in versions and chosen == "":
        chosen = None
    if chosen not in versions:
        raise LookupError(
            f"The route chose version {chosen!r} of {start.tool}, which does not exist; "
            f"there are {list(versions)}."
        )
    return versions[chosen]


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
    translated = toolbox.translations.translate(tool.name, chain, values)
    progress.notes.append(f"Arguments translated: version {' → '.join(chain)}.")
    progress.is_translated = True
    return translated, False
