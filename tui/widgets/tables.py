"""The lists: traces, steps, replay runs, findings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from typing import TYPE_CHECKING

from replay.errors import StoreError
from tui.rows.steps import StepList
from tui.rows.traces import TraceList
from tui.views.facet_lines import FacetLine, facet_parts
from tui.views.field_lines import Field, field_parts
from tui.views.metric_lines import metric_parts
from tui.views.origin_lines import origin_parts
from tui.views.parts import Part, printable
from tui.views.run_lines import finding_parts, run_parts
from tui.views.table_lines import NO_MARK, step_parts, trace_parts
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from replay.metrics import CallMetrics
    from replay.records import Finding, JsonObject
    from replay.verdicts.origins import Origin
    from tui.rows.replays import RunList


class TraceTable(Lines):
    """The traces that a filter selects, newest first."""

    traces: TraceList | None = None

    def line_count(self) -> int:
        """Return how many are found so far."""
        return len(self.traces) if self.traces is not None else 0

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one trace; where it cannot be read, why."""
        try:
            line = self.traces.line(index) if self.traces is not None else None
        except StoreError as error:  # painting must go on: it is read again when it is painted next
            return [("× ", "bad"), (printable(error.wanted), "dim")]
        return [("", "")] if line is None else trace_parts(line, width)


class FacetTable(Lines):
    """Groups of values, each with the traces that have it."""

    facet_lines: Sequence[FacetLine] = ()

    def line_count(self) -> int:
        """Return how many lines there are."""
        return len(self.facet_lines)

    def place(self) -> tuple[int, int]:
        """Return which value one is on, and of how many; the groups' names are none."""
        values = [index for index, line in enumerate(self.facet_lines) if line.value is not None]
        at = bisect_left(values, self.cursor)
        return (at + 1 if at < len(values) and values[at] == self.cursor else 0), len(values)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one line."""
        return facet_parts(self.facet_lines[index], width)


class StepTable(Lines):
    """The steps of a transcript."""

    steps: StepList | None = None
    marks: Mapping[int, Part] = MappingProxyType({})
    """By place in the list: the sign of what stops there."""

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.steps.steps) if self.steps is not None else 0

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one step."""
        assert self.steps is not None
        mark = self.marks.get(index, NO_MARK)
        return step_parts(self.steps, index, width, is_here=index == self.cursor, mark=mark)


class PartsTable(Lines):
    """Lines that are made already: breakpoints, watches."""

    lines_shown: Sequence[Sequence[Part]] = ()

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.lines_shown)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one of them."""
        return self.lines_shown[index]


class WatchTable(PartsTable, can_focus=False):
    """What is watched in a transcript: a line for each."""


class RunTable(Lines):
    """Replay runs, newest first."""

    runs: RunList | None = None

    def line_count(self) -> int:
        """Return how many there are."""
        return 0 if self.runs is None else len(self.runs)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one run; where it cannot be read, why."""
        assert self.runs is not None
        try:
            return run_parts(self.runs[index], self.runs.counts(index), width)
        except StoreError as error:  # as of a trace
            return [("× ", "bad"), (printable(error.wanted), "dim")]


class FindingTable(Lines):
    """The findings of one run."""

    findings: Sequence[Finding] = ()

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.findings)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one finding."""
        return finding_parts(self.findings[index], width)


class OriginTable(Lines):
    """The places that a value came from, oldest first."""

    origins: Sequence[Origin] = ()

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.origins)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one place."""
        return origin_parts(self.origins[index], width)


class FieldTable(Lines):
    """The fields of a tool's arguments in two versions."""

    fields: Sequence[Field] = ()
    hits: Mapping[str, JsonObject] | None = None
    """Evidence of recorded payloads; None: none was counted."""
    is_counting: bool = False

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.fields)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one field."""
        return field_parts(self.fields[index], width, self.hits, is_counting=self.is_counting)


class MetricTable(Lines):
    """Calls counted by what they have in common."""

    rows: Sequence[CallMetrics] = ()

    def on_unmount(self) -> None:
        """Let go of the durations, as its screen does."""
        self.rows = ()

    over: Set[str] = frozenset()
    """Names of the budgets that are broken."""

    def line_count(self) -> int:
        """Return how many there are."""
        return len(self.rows)

    def line_parts(self, index: int, width: int) -> Sequence[Part]:
        """Return one row."""
        return metric_parts(self.rows[index], width, self.over)
