"""`replay mask --check`: what a database holds that would be masked today, and where.

All records are read and masked in memory; what that changes is what was found. Nothing of it is
ever told whole. Then the bytes that no record refers to are looked at: free pages, the log, spools.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from replay.records.base import JsonObject
from replay.store.file_bytes import Bytes, loose_bytes
from replay.store.leftovers import learn_leftovers, without_dates
from replay.store.mask_rewriting import plain, records_of
from replay.store.masking import masked_records
from replay.store.redaction import Redaction

if TYPE_CHECKING:
    from replay.store.store import Store

SHOWN: Final = 2
"""Letters of a value that are told at its start."""
_FIELDS_MAX: Final = 1_000
_READABLE: Final = re.compile(rb"[\x20-\x7e\xc2-\xf4\x80-\xbf]{6,}")


@dataclass(frozen=True, slots=True)
class Sight:
    """One value that would be masked."""

    kind: str
    """``email``, ...; ``secret``; ``marked``: by its place."""
    place: str
    """Which record, and where in it; or which bytes of which file."""
    hint: str
    """Its first letters and its length."""


@dataclass(slots=True)
class Sights:
    """What a look found."""

    keeps_all: bool = True
    """False: only the first of each kind at each field is kept, and all are counted."""
    record_count: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    """By kind, how many were found."""
    found: list[Sight] = field(default_factory=list)
    unproven_date_count: int = 0
    unproven_dates: list[str] = field(default_factory=list)
    """Places of dates that a marked one, masked in the same call, may stand for."""
    not_looked_into: list[str] = field(default_factory=list)
    """Places that may hold something, and could not be read."""
    _seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, sights: Iterable[Sight]) -> None:
        """Count what was found, and keep it."""
        for one in sights:
            self.counts[one.kind] += 1
            at = one.kind, one.place.rpartition(" ")[2]
            if self.keeps_all or (at not in self._seen and len(self._seen) < _FIELDS_MAX):
                self._seen.add(at)
                self.found.append(one)

    def add_dates(self, places: Iterable[str]) -> None:
        """Count dates that nothing proves to be a marked one, and keep where they are."""
        for place in places:
            self.unproven_date_count += 1
            if self.keeps_all or not self.unproven_dates:
                self.unproven_dates.append(place)


def look(
    store: Store,
    redaction: Redaction,
    tell: Callable[[int, int], None] = lambda done, total: None,
    *,
    keeps_all: bool = True,
) -> Sights:
    """Return what ``store`` holds that ``redaction`` would mask.

    ``tell`` is told how many of how many traces are done. ``keeps_all``: as in `Sights`.
    """
    sights = Sights(keeps_all)
    for records in _batches(store, tell):
        sights.record_count += len(records)
        learn_leftovers(redaction, records)
        sights.add_dates(_unproven_dates(records, redaction))
        for before, after in zip(records, masked_records(redaction, records), strict=True):
            if before != after:
                sights.add(_sights(before, after, redaction))
    for piece in loose_bytes(store.path):
        _look_at(piece, redaction, sights)
    return sights


def _batches(store: Store, tell: Callable[[int, int], None]) -> Iterator[list[JsonObject]]:
    trace_ids, runs = store.trace_ids_named(), store.runs(what_ifs=True)
    for done, trace_id in enumerate(trace_ids):
        tell(done, len(trace_ids))
        verdicts = [one for run in runs for one in store.verdicts(run.id, trace_id=trace_id)]
        yield [plain(one) for one in records_of(store.transcript(trace_id), verdicts)]
    others: list[Any] = [*runs, *(one for run in runs for one in store.findings(run.id))]
    others += [*store.tool_schemas(), *store.approvals()]
    held = [{"kind": "hold", "id": one.trace_id, **asdict(one)} for one in store.holds()]
    noted = [{"kind": "audit", "id": one.at, "what": one.what} for one in store.audit_entries()]
    yield [plain(one) for one in others] + held + noted


def _unproven_dates(records: list[JsonObject], redaction: Redaction) -> Iterator[str]:
    for before, after in zip(records, without_dates(redaction, records), strict=True):
        if before is not after:
            for path, _, _ in _differences(before, after, ""):
                yield f"{_named(before)} {path}"


def _sights(before: JsonObject, after: JsonObject, redaction: Redaction) -> Iterator[Sight]:
    where = _named(before)
    for path, old, new in _differences(before, after, ""):
        if path.split(".")[0] == "attributes" and old is None:
            continue
        for kind, value in redaction.redactor.kinds_in(old, new):
            yield Sight(kind, f"{where} {path}", hint_of(value))


def _named(fields: JsonObject) -> str:
    kind = fields["kind"].replace("_", " ")
    said = [f"trace {fields['trace_id']}"] if fields.get("trace_id") else []
    said += [f"step {fields['step_number']}"] if fields.get("step_number") else []
    name = fields.get("tool") or ("" if said else fields.get("id") or fields.get("signature") or "")
    return " ".join([*said, kind, *([str(name)] if name else [])])


def _differences(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if type(before) is dict and type(after) is dict:
        new_names = iter([name for name in after if name not in before])
        for name, value in before.items():
            if name in after:
                yield from _differences(value, after[name], f"{path}.{name}".lstrip("."))
            else:
                yield f"{path} (a key)".strip(), name, next(new_names, None)
    elif type(before) is list and type(after) is list and len(before) == len(after):
        for at, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, f"{path}[{at}]")
    elif before != after:
        yield path, before, after


def hint_of(value: str) -> str:
    """Return what may be told of a value: how it begins, and how long it is."""
    start = value[:SHOWN] if len(value) > 3 * SHOWN else ""
    return f"{start}… ({len(value)} characters)"


def _look_at(piece: Bytes, redaction: Redaction, sights: Sights) -> None:
    if piece.body is None:
        sights.not_looked_into.append(piece.place)
        return
    for found in _READABLE.finditer(piece.body):
        text = found[0].decode("utf-8", "replace")
        if not redaction.redactor.concerns(text):
            continue
        found_in = redaction.redactor.kinds_in(text, redaction.redactor.text(text))
        sights.add(Sight(kind, piece.place, hint_of(value)) for kind, value in found_in)
