"""Where today's tools are on this machine, as a replay run says it."""

from __future__ import annotations

from pathlib import Path

from replay.errors import ReplayError
from replay.records import ReplayRun
from replay.records.source_lines import definition_line
from tui.paths import shown_path


def source_place(run: ReplayRun, tool: str) -> tuple[Path, int]:
    """Return the file and the line of a tool.

    A file is told from the root of its repository, or whole; from here it is looked for in this
    folder, the folders above, and the search path of the run.

    Raises:
        ReplayError: the run knows no place of it, or the file is not there.
    """
    told = run.tool_sources.get(tool)
    if told is None:
        raise ReplayError(
            f"Where {tool!r} is, the run does not say: its source is none that Python knows."
        )
    named = Path(str(told["file"]))
    here = Path.cwd()
    folders = [here, *here.parents, *(Path(str(one)) for one in run.options.get("paths") or ())]
    for folder in folders:
        file = folder / named
        if file.is_file():
            return file, _begins_at(file, int(told.get("line") or 1))
    raise ReplayError(
        f"The source of {tool!r} is not here: '{named}', seen from '{here}'.",
        hint="Start `replay ui` where the tools are.",
    )


def source_words(run: ReplayRun, tool: str) -> str:
    """Return file and line of a tool, as one would type it from here; empty: nothing tells.

    Where the file is not here it is said as the run says it.
    """
    told = run.tool_sources.get(tool)
    if told is None:
        return ""
    try:
        file, line = source_place(run, tool)
    except ReplayError:
        named = Path(str(told["file"]))
        return f"{named.name if named.is_absolute() else named}:{told.get('line') or 1}"
    return f"{shown_path(file.resolve())}:{line}"


def _begins_at(file: Path, line: int) -> int:
    """Return the line of a tool's ``def``: older runs tell that of its first decorator."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return line
    return definition_line(lines, line)
