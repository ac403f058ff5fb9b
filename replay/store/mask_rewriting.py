"""Masking what is in a database already: its secrets become placeholders.

For what was recorded without masking, and for values that were seen to be secret only after
records that hold them were stored. All that a trace holds is looked at together; what only its
earlier forms referred to goes, and SQLite writes the file anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from replay.records import CallVerdict, Record, Transcript
from replay.records.base import JsonObject
from replay.store.database import transaction
from replay.store.drain import Drainer
from replay.store.json_text import decode, encode
from replay.store.keyed_states import has_states, with_keyed_states
from replay.store.leftovers import learn_leftovers, without_dates
from replay.store.masking import Masking, masked_records
from replay.store.reading import Reading
from replay.store.redaction import ATTRIBUTE, Redaction


@dataclass(frozen=True, slots=True)
class Masked:
    """What `Store.mask` did."""

    trace_count: int
    """Traces looked at."""
    record_count: int
    """Records that held something secret."""


def mask_all(
    stored: Reading,
    drainer: Drainer,
    connection: sqlite3.Connection,
    masking: Masking,
    tell: Callable[[int, int], None],
) -> Masked:
    """Store everything anew, without its secrets; ``tell`` is told of how many traces are done.

    Each trace is a transaction of its own.
    """
    from replay.store.schema_counts import recount

    count = 0
    trace_ids, runs = stored.trace_ids_named(), stored.runs(what_ifs=True)
    for done, trace_id in enumerate(trace_ids):
        tell(done, len(trace_ids))
        verdicts = [one for run in runs for one in stored.verdicts(run.id, trace_id=trace_id)]
        transcript = stored.transcript(trace_id)
        count += mask_trace(drainer, connection, transcript, verdicts, masking)
    others: list[Any] = [*runs, *stored.approvals(), *stored.tool_schemas()]
    others += [one for run in runs for one in stored.findings(run.id)]
    count += mask_records(drainer, [plain(one) for one in others], masking)
    count += mask_holds(connection, masking)
    count += mask_audit(connection, masking)
    mask_rejected(connection, masking)
    transaction(connection, lambda: drop_unused(connection))
    transaction(connection, lambda: recount(connection))
    drainer.forget()
    return Masked(len(trace_ids), count)


def mask_trace(
    drainer: Drainer,
    connection: sqlite3.Connection,
    transcript: Transcript,
    verdicts: Iterable[CallVerdict],
    masking: Masking,
) -> int:
    """Store a trace and its verdicts anew, without their secrets; return how many had some.

    In one transaction: a reader sees all of it before or after.
    """
    stored = [plain(record) for record in records_of(transcript, verdicts)]
    masked, count = masked_trace(stored, masking)
    changed = [new for new, old in zip(masked, stored, strict=True) if new != old]
    if any(one["kind"] == "model_call" for one in changed):
        # Its messages are numbered without gaps, so all prompts of the trace are laid anew.
        others = [one for one in changed if one["kind"] != "model_call"]
        changed = [*others, *(one for one in masked if one["kind"] == "model_call")]

        def first() -> None:
            named = (transcript.trace.id,)
            connection.execute(
                "DELETE FROM prompt_messages WHERE trace = "
                "(SELECT key FROM trace_rows WHERE id = ?)",
                named,
            )
            connection.execute("UPDATE trace_rows SET first_user_text = NULL WHERE id = ?", named)

        drainer.write_all(changed, first=first)
    elif changed:
        drainer.write_all(changed)
    return count


def masked_trace(stored: list[JsonObject], masking: Masking) -> tuple[list[JsonObject], int]:
    """Return the records of a trace masked, the trace's own first, and how many held something.

    The trace says what was masked in it: a replay masks the same again.
    """
    masked = masked_records(masking, _known(stored, masking))
    count = sum(new != old for new, old in zip(masked, stored, strict=True))
    attributes = masked[0].get("attributes") or {}
    told = _told(masking, attributes.get(ATTRIBUTE, False))
    if attributes.get(ATTRIBUTE) != told:
        masked[0] = {**masked[0], "attributes": {**attributes, ATTRIBUTE: told}}
        key = getattr(masking, "key", None)
        if key is None:
            masked = [_without(one, "state_hash") for one in masked]
        elif has_states(masked):
            masked = with_keyed_states(masked, key, attributes.get(ATTRIBUTE, False))
    return masked, count


def _known(stored: list[JsonObject], masking: Masking) -> list[JsonObject]:
    """Return the records of a trace to be masked, once it is learned what they tell."""
    if not isinstance(masking, Redaction):
        return stored
    learn_leftovers(masking, stored)
    return without_dates(masking, stored) if masking.masks_dates else stored


def told_of_trace(masking: Masking, attributes: JsonObject) -> JsonObject:
    """Return the attribute by which a trace with ``attributes`` says what is masked in it now."""
    return {ATTRIBUTE: _told(masking, attributes.get(ATTRIBUTE, False))}


def _told(masking: Masking, before: bool | list[str]) -> bool | list[str]:
    """Return what is told of a trace that was masked already, or not, and is so now."""
    told = getattr(masking, "told", True)
    kinds = {*(told if isinstance(told, list) else ())}
    return sorted(kinds | {*(before if isinstance(before, list) else ())}) or True


def drop_unused(connection: sqlite3.Connection) -> None:
    """Remove what model calls shared in their earlier forms."""
    connection.execute(
        "DELETE FROM model_settings WHERE key NOT IN "
        "(SELECT settings FROM model_call_rows WHERE settings IS NOT NULL)"
    )
    connection.execute(
        "DELETE FROM toolsets WHERE key NOT IN "
        "(SELECT toolset FROM model_settings WHERE toolset IS NOT NULL)"
    )


def mask_records(drainer: Drainer, stored: list[JsonObject], masking: Masking) -> int:
    """Store records anew that belong to no trace; return how many held something."""
    masked = masked_records(masking, stored) if stored else []
    changed = [new for new, old in zip(masked, stored, strict=True) if new != old]
    if changed:
        drainer.write_all(changed)
    return len(changed)


def mask_rejected(connection: sqlite3.Connection, masking: Masking) -> None:
    """Mask what fits no table."""
    for key, record in connection.execute("SELECT key, record FROM rejected").fetchall():
        if masking.concerns(record, "rejected"):
            text = str(masking.masked_messages(record))
            connection.execute("UPDATE rejected SET record = ? WHERE key = ?", (text, key))


def mask_holds(connection: sqlite3.Connection, masking: Masking) -> int:
    """Mask why traces are held, and who says so; return how many holds held something."""
    count = 0
    rows = connection.execute("SELECT trace_id, reason, held_by FROM holds").fetchall()
    for trace_id, *said in rows:
        new = masking.masked_messages(said)
        if new != said:
            count += 1
            connection.execute(
                "UPDATE holds SET reason = ?, held_by = ? WHERE trace_id = ?", (*new, trace_id)
            )
    return count


def mask_audit(connection: sqlite3.Connection, masking: Masking) -> int:
    """Mask the command lines that were noted; return how many held something."""
    count = 0
    for key, what in connection.execute("SELECT key, what FROM audit").fetchall():
        [new] = masking.masked_messages([what])
        if new != what:
            count += 1
            connection.execute("UPDATE audit SET what = ? WHERE key = ?", (new, key))
    return count


def _without(fields: JsonObject, name: str) -> JsonObject:
    return {key: value for key, value in fields.items() if key != name}


def records_of(transcript: Transcript, verdicts: Iterable[CallVerdict]) -> list[Record]:
    """Return all records of a trace, its verdicts included."""
    parts: list[Any] = [transcript.trace, *transcript.steps]
    for several in (transcript.interactions, transcript.attempts):
        parts += [one for each in several.values() for one in each]
    return [*parts, *transcript.feedback, *transcript.pins, *verdicts]


def plain(record: Record) -> JsonObject:
    """Return the fields of a record as plain JSON values, without the absent ones."""
    fields = {name: value for name, value in record.__dict__.items() if value is not None}
    encoded, exact = encode(fields)
    found: JsonObject = decode(encoded, exact=exact)
    return found
