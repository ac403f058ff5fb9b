"""A file of replay's own records on its way into a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from replay.interchange.import_report import FileReport
from replay.interchange.lines import BadLine, read_lines
from replay.interchange.record_lines import read_record, write_records
from replay.records import (
    AnyRecord,
    Attempt,
    Feedback,
    Interaction,
    ModelCall,
    Pin,
    Selection,
    ToolCall,
    Trace,
)
from replay.store.redaction import is_redacted

if TYPE_CHECKING:
    from replay.store import Store

_GROUP_MAX: Final = 20_000
_OF_A_TRACE: Final = (Trace, ModelCall, ToolCall, Attempt, Interaction, Feedback, Pin)


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

    A record whose id is there already takes its place; a trace that is there exactly so stays.
    """
    known = set(store.trace_ids(Selection()))
    key: bytes | None = None
    for group in _by_trace(path, on_read):
        trace = group[0]
        for record in group:
            report.read[record.kind] += 1
            report.written[record.kind] += 1
        if isinstance(trace, Trace):
            trace, key = _told_masked(store, trace)
            group[0] = trace
        if key is not None:
            group = [_keyed(one, key) for one in group]
        if isinstance(trace, Trace):
            if trace.id in known and _is_there(store, trace.id, group):
                report.known_count += 1
                group = [one for one in group if not isinstance(one, _OF_A_TRACE)]
            else:
                report.new_count += trace.id not in known
                report.renewed_count += trace.id in known
                known.add(trace.id)
        store.append_all(group)


def _by_trace(path: Path, on_read: Callable[[int], None]) -> Iterator[list[AnyRecord]]:
    """Yield the records of a file, each trace with what follows it; a long one in parts."""
    group: list[AnyRecord] = []
    for line in read_lines(path):
        found = line if isinstance(line, BadLine) else read_record(path, line)
        on_read(line.size_bytes)
        if isinstance(found, BadLine):
            continue
        if group and (isinstance(found, Trace) or len(group) >= _GROUP_MAX):
            yield group
            group = []
        group.append(found)
    if group:
        yield group


def _told_masked(store: Store, trace: Trace) -> tuple[Trace, bytes | None]:
    """The trace, with what it says of how it was masked; the key for the hashes of its states.

    None: they stay as they are, as nothing is masked that was not when they were made.
    """
    masker = store.masker
    if masker is None or callable(masker):
        return trace, None
    from replay.store.keyed_states import keyed_attributes
    from replay.store.mask_rewriting import told_of_trace

    attributes = {**trace.attributes, **told_of_trace(masker, trace.attributes)}
    key = getattr(masker, "key", None)
    if attributes == trace.attributes or key is None:
        return trace, None
    before = is_redacted(trace.attributes)
    attributes = keyed_attributes(attributes, key, before)
    return trace.model_copy(update={"attributes": attributes}), key


def _keyed(record: AnyRecord, key: bytes) -> AnyRecord:
    """A record with what stands for the hash of a state."""
    if not isinstance(record, ToolCall) or record.state_hash is None:
        return record
    from replay.store.keyed_states import keyed_state

    return record.model_copy(update={"state_hash": keyed_state(key, record.state_hash)})


def _is_there(store: Store, trace_id: str, group: list[AnyRecord]) -> bool:
    """Whether the database has all of a trace's records, exactly so."""
    stored = {(one["kind"], one["id"]): one for one in write_records(store.transcript(trace_id))}
    fields = [one.model_dump(mode="json") for one in group if isinstance(one, _OF_A_TRACE)]
    if store.masker is not None:
        from replay.store.masking import masked_records

        fields = masked_records(store.masker, fields)
    return all(stored.get((one["kind"], one["id"])) == one for one in fields)
