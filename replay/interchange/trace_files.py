"""Files of traces on their way in: put aside by trace, then written trace by trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.interchange.building import safe_id
from replay.interchange.import_report import FileReport
from replay.interchange.late_opinions import LateOpinions
from replay.interchange.line_fields import ReadOptions
from replay.interchange.lines import BadLine, Line, Misfit, misfit_line
from replay.interchange.spill import Spill
from replay.interchange.stitching import Stitched, stitch
from replay.interchange.trace_format import Place, TraceFormat
from replay.records import ModelCall, ToolCall

if TYPE_CHECKING:
    from replay.interchange.importing import Writing

NOTHING_TOLD: Final = (
    "traces that tell of no model call and of no tool with its arguments: left out"
)


class TraceFiles:
    """Files of one format, whose traces may be spread over all of them."""

    def __init__(self, name: TraceFormat, options: ReadOptions) -> None:
        """``name``: the format that they all have."""
        self.format = name
        self.options = options
        self.paths: list[Path] = []
        self.notes: Counter[str] = Counter()
        self.bad_lines: list[BadLine] = []
        self._spill = Spill()

    def check(self, path: Path, on_read: Callable[[int], None]) -> list[BadLine]:
        """Read ``path`` to its end, put its pieces aside, and return what cannot be read.

        Raises:
            MissingExtraError: a package that reads it is not installed; nothing was put aside.
        """
        bad: list[BadLine] = []
        place = Place(path, self._spill.recall, self._spill.remember)
        for line in self.format.values(path):
            found = line if isinstance(line, BadLine) else self._take(line, place)
            if found is not None:
                bad.append(found)
            on_read(line.size_bytes)
        self.paths.append(path)
        self.notes += place.notes
        self.bad_lines += bad
        return bad

    def _take(self, line: Line, place: Place) -> BadLine | None:
        place.number = line.number
        try:
            # Whole lines only: a list, so that a misfit in its last span keeps the first one out.
            pieces = list(self.format.pieces(line.value, place))
        except Misfit as misfit:
            return misfit_line(place.path, line, misfit)
        share = line.size_bytes // len(pieces) if pieces else 0
        for piece in pieces:
            self._spill.add(piece, share)
        return None

    def write(self, writing: Writing, on_read: Callable[[int], None]) -> FileReport:
        """Write every trace, one by one, and return what became of the files."""
        first, others = self.paths[0], self.paths[1:]
        more = f" and {len(others):,} more" if others else ""
        report = FileReport(f"{first}{more}", self.format.name)
        report.bad_lines = [line.error for line in self.bad_lines]
        taken: set[str] = set()
        late = LateOpinions(writing)
        for key, pieces, size_bytes in self._spill.traces():
            tellings = list(self.format.tell(key, pieces))
            for told in tellings:
                if told.opinions and not told.model_calls and not told.runs:
                    late.add(told)
                    continue
                stitched = stitch(told, _unlike(safe_id(told.id), taken), self.options)
                if stitched is not None:
                    report.read += stitched.told
                    report.written += _count(stitched)
                    writing.write(report, stitched.transcript)
                report.notes += told.notes
                report.notes[NOTHING_TOLD] += stitched is None
            report.notes[NOTHING_TOLD] += not tellings
            on_read(size_bytes)
        late.write(report)
        report.notes = +(report.notes + self.notes)
        return report

    def close(self) -> None:
        """Take what was put aside off the disk."""
        self._spill.close()


def _unlike(name: str, taken: set[str]) -> str:
    """Two traces of one file that call themselves the same are two."""
    unlike, number = name, 1
    while unlike in taken:
        number += 1
        unlike = f"{name}.{number}"
    taken.add(unlike)
    return unlike


def _count(stitched: Stitched) -> Counter[str]:
    """Count in the records what the source tells."""
    steps = stitched.transcript.steps
    return Counter(
        traces=1,
        model_calls=sum(isinstance(step, ModelCall) for step in steps),
        tool_calls=sum(isinstance(step, ToolCall) for step in steps),
        scores=len(stitched.transcript.feedback),
        interactions=sum(map(len, stitched.transcript.interactions.values())),
    )
