"""Opinions that come without their traces: those of an earlier import, or of another file.

A score of Langfuse names its trace. An annotation of Phoenix names a span only, and feedback of
LangSmith may name a run only: these are looked for in all traces that keep their pieces' ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from replay.interchange.building import safe_id
from replay.interchange.import_report import FileReport
from replay.interchange.stitching import AROUND, feedback_of
from replay.interchange.times import utc_ns
from replay.interchange.told import Opinion, ToldTrace
from replay.records import Selection, Transcript

if TYPE_CHECKING:
    from replay.interchange.importing import Writing

STRAY: Final = "pieces of feedback on traces that the database does not have: left out"
_NAMED: Final = ("phoenix", "otlp", "langfuse", "langsmith")
"""Sources of traces that keep their pieces' ids."""

_ELSEWHERE: Final = "json_extract(attributes, '$.read_with') IS NOT NULL"
"""Attributes that are long stand apart: these have to be read."""

Place = tuple[Transcript, int | None]
"""A trace, and the step of it that is meant."""


class LateOpinions:
    """Opinions on their way to traces that are there already."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._told: list[tuple[str, Opinion]] = []

    def add(self, told: ToldTrace) -> None:
        """Keep what is said until all traces of the import are written."""
        self._told += [(safe_id(told.id), one) for one in told.opinions]

    def write(self, report: FileReport) -> None:
        """Write the feedback whose trace is there, and count the rest as left out."""
        if not self._told:
            return
        store = self._writing.store
        store.flush()
        ids = set(store.trace_ids(Selection()))
        places: dict[str, Place] = {}
        lost = [one for name, one in self._told if name not in ids and one.about_id is not None]
        if lost:
            places = self._places({one.about_id or "" for one in lost})
        report.read["scores"] += len(self._told)
        for name, opinion in self._told:
            place = self._place_in(name, opinion) if name in ids else None
            if name not in ids and opinion.about_id is not None:
                place = places.get(opinion.about_id)
            if place is None:
                report.notes[STRAY] += 1
                report.read["scores"] -= 1
                continue
            transcript, step = place
            at_ns = opinion.at_ns
            at = utc_ns(at_ns) if at_ns is not None else transcript.trace.started_at
            self._writing.add_feedback(feedback_of(opinion, transcript.trace.id, step, at))
            report.written["scores"] += 1

    def _place_in(self, trace_id: str, opinion: Opinion) -> Place:
        transcript = self._writing.store.transcript(trace_id)
        return transcript, dict(_pieces(transcript)).get(opinion.about_id or "")

    def _places(self, wanted: set[str]) -> dict[str, Place]:
        """Look for pieces in all traces that could have them."""
        store, found = self._writing.store, dict[str, Place]()
        _, rows = store.query(_WHERE_PIECES_ARE.format(", ".join(f"'{one}'" for one in _NAMED)))
        of_traces: dict[str, None] = {}
        for trace_id, piece, is_elsewhere in rows:
            if piece in wanted or is_elsewhere:
                of_traces[str(trace_id)] = None
        for trace_id in of_traces:
            transcript = store.transcript(trace_id)
            for piece, step in _pieces(transcript):
                if piece in wanted:
                    found.setdefault(piece, (transcript, step))
        return found


_WHERE_PIECES_ARE: Final = f"""
WITH named AS (SELECT id, attributes FROM traces WHERE source IN ({{}})),
said AS (
  SELECT trace_id, attributes FROM model_calls WHERE trace_id IN (SELECT id FROM named)
  UNION ALL
  SELECT trace_id, attributes FROM tool_calls WHERE trace_id IN (SELECT id FROM named)
)
SELECT trace_id, json_extract(attributes, '$.imported.id'), {_ELSEWHERE} FROM said
UNION ALL
SELECT named.id, json_each.key, 0
FROM named, json_each(json_extract(named.attributes, '$.imported.{AROUND}'))
UNION ALL
SELECT id, NULL, 1 FROM named WHERE {_ELSEWHERE}
"""


def _pieces(transcript: Transcript) -> Iterator[tuple[str, int | None]]:
    """Every piece of the source's that became part of the trace, and which step it is, or is in."""
    about = transcript.trace.attributes.get("imported") or {}
    yield from (about.get(AROUND) or {}).items()
    for step in transcript.steps:
        piece = (step.attributes.get("imported") or {}).get("id")
        if isinstance(piece, str):
            yield piece, step.step_number
