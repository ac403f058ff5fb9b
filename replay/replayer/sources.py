"""Where today's tools are, said as a report says it: from the root of their repository."""

from __future__ import annotations

from pathlib import Path

from replay.records import JsonObject
from replay.replayer.baseline import repository_root


def tool_sources(greeting: JsonObject, folder: str) -> dict[str, JsonObject]:
    """Return the file and the line of each tool in ``greeting``, by name.

    Files are relative to the root of the git repository of ``folder`` (to ``folder``, where it is
    in none), whole where they are elsewhere. A tool that Python knows no place of is left out.
    """
    root = repository_root(folder) or Path(folder)
    found: dict[str, JsonObject] = {}
    for tool in greeting["tools"]:
        file, line = tool["source"]
        if file is not None:
            found[tool["name"]] = {"file": _written(Path(file), root), "line": line}
    return found


def _written(file: Path, root: Path) -> str:
    try:
        return file.resolve().relative_to(root).as_posix()
    except (OSError, ValueError):
        return file.as_posix()
