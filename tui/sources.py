"""Where today's tools are on this machine, as a replay run says it."""

from __future__ import annotations

from pathlib import Path

from replay.errors import ReplayError
from replay.records import ReplayRun


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
            return file, int(told.get("line") or 1)
    raise ReplayError(
        f"The source of {tool!r} is not here: '{named}', seen from '{here}'.",
        hint="Start `replay ui` where the tools are.",
    )
