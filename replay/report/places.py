"""Where in the repository a finding is shown: at its tool, else where the tools are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath

from replay.records import Finding, ReplayRun


@dataclass(frozen=True, slots=True)
class SourcePlace:
    """A line of a file of the repository."""

    file: str
    """From the repository's root, with ``/``."""
    line: int


def place_of_finding(run: ReplayRun, finding: Finding) -> SourcePlace | None:
    """Return where the finding's tool is; of a tool that is gone, the file of most other tools.

    None: none of them is in the repository.
    """
    own = run.tool_sources.get(finding.tool)
    if own is not None and _is_inside(own["file"]):
        return SourcePlace(own["file"], own["line"])
    files = Counter(
        place["file"] for place in run.tool_sources.values() if _is_inside(place["file"])
    )
    if not files:
        return None
    most = min(files, key=lambda file: (-files[file], file))
    return SourcePlace(most, 1)


def _is_inside(file: str) -> bool:
    path = PurePosixPath(file)
    return not path.is_absolute() and ".." not in path.parts
