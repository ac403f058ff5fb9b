"""A file of replay's own records on its way into a database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.interchange.import_report import FileReport
from replay.interchange.lines import BadLine, read_lines
from replay.interchange.record_lines import read_record
from replay.records import AnyRecord, Selection, Trace

if TYPE_CHECKING:
    from replay.store import Store

_BATCH_MAX: Final = 1000


def check_records(path: Path, on_read: Callable[[int], None]) -> list[BadLine]:
    """Return the lines of ``path`` that are no records."""
    bad = []
    for line in read_lines(path):
        found = line if isinstance(line, BadLine) else read_record(path, line)
        if isinstance(found, BadLine):
            bad.append(found)
        on_read(line.size_bytes)
    return bad


def write_record_file(
    store: Store, path: Path, report: FileReport, on_read: Callable[[int], None]
) -> None:
    """Write the records of ``path``: a trace and what follows it up to the next one at once.

    A record whose id is there already takes its place.
    """
    known = set(store.trace_ids(Selection()))
    batch: list[AnyRecord] = []
    for line in read_lines(path):
        found = line if isinstance(line, BadLine) else read_record(path, line)
        on_read(line.size_bytes)
        if isinstance(found, BadLine):
            continue
        if isinstance(found, Trace) or len(batch) >= _BATCH_MAX:
            store.append_all(batch)
            batch = []
        if isinstance(found, Trace):
            masker = store.masker
            if masker is not None and not callable(masker):
                from replay.store.redacting import told_of_trace

                told = told_of_trace(masker, found.attributes)
                found = found.model_copy(update={"attributes": {**found.attributes, **told}})
            report.new_count += found.id not in known
            report.renewed_count += found.id in known
        batch.append(found)
        report.read[found.kind] += 1
        report.written[found.kind] += 1
    store.append_all(batch)
