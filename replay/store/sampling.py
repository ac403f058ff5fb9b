"""Some traces instead of all: the same ones each time, and every kind of call among them.

A kind is what calls have in common: their tool, their trace's model, how they ended. Only indexes
are read, never a tool call's row: a sample of a million calls takes about a second.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from heapq import nsmallest
from itertools import islice
from typing import Final, TypeAlias

from replay.records import JsonObject, Sample, Selection
from replay.store.selecting import selected_traces

_MISSED_MAX: Final = 20
"""Kinds named that a sample is too small for."""

_FEW: Final = 2_000
"""Up to so many traces, their calls are looked up trace by trace."""

_AT_ONCE: Final = 500

Kind: TypeAlias = tuple[str, ...]
_KindsOf: TypeAlias = dict[int, set[Kind]]
_Call: TypeAlias = tuple[int, str, str]
"""The key of its trace, its tool, its outcome."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The traces of a selection, and what is to be told of how they were chosen."""

    trace_ids: list[str]
    """By start, then id."""
    told: JsonObject = field(default_factory=dict)
    """``of``: how many traces were to choose from; ``newest``, ``seed``, ``stratify``: how; with
    ``stratify`` also ``kinds``, ``reached`` and (some) ``missed``. Empty: they are all of them."""


@dataclass(frozen=True, slots=True)
class _Trace:
    key: int
    id: str
    model: str


def chosen(connection: sqlite3.Connection, selection: Selection, sample: Sample) -> Chosen:
    """Return the sample of the selected traces that ``sample`` describes."""
    newest_first = _traces(connection, selection)
    ranked = newest_first if sample.newest else _drawn(newest_first, sample.seed)
    told: JsonObject = {"of": len(ranked), "newest": sample.newest}
    if not sample.newest:
        told["seed"] = sample.seed
    ranks: Sequence[int] = range(min(sample.count, len(ranked)))
    if sample.stratify:
        kinds_of = _kinds_of(connection, selection, sample, ranked)
        ranks = _of_every_kind(kinds_of, len(ranked), sample.count)
        told |= _told_of(kinds_of, ranks, sample)
    taken = {ranked[rank].id for rank in ranks}
    return Chosen([one.id for one in reversed(newest_first) if one.id in taken], told)


def _traces(connection: sqlite3.Connection, selection: Selection) -> list[_Trace]:
    found = selected_traces(connection, selection)
    limit = "" if selection.limit is None else f" LIMIT {int(selection.limit)}"
    rows = connection.execute(
        f"SELECT r.key, r.id, r.model FROM trace_rows r WHERE {found.sql} "
        f"ORDER BY {found.newest_first}{limit}",
        found.values,
    )
    return [_Trace(key, trace_id, model or "no model") for key, trace_id, model in rows]


def _drawn(traces: list[_Trace], seed: int) -> list[_Trace]:
    """Return ``traces`` shuffled, each by its own draw: others that come or go change nothing."""
    salt = str(seed).encode()[:16]

    def draw(trace: _Trace) -> bytes:
        return blake2b(trace.id.encode("utf-8", "surrogatepass"), digest_size=8, salt=salt).digest()

    return sorted(traces, key=draw)


def _kinds_of(
    connection: sqlite3.Connection, selection: Selection, sample: Sample, ranked: list[_Trace]
) -> _KindsOf:
    """Return the kinds of call of each trace that has calls, by its rank."""
    if sample.stratify == ["model"]:
        calls: Iterator[_Call] = ((one.key, "", "") for one in ranked)
    else:
        calls = _calls(connection, [one.key for one in ranked])
    rank_of = {one.key: rank for rank, one in enumerate(ranked)}
    found: _KindsOf = defaultdict(set)
    for key, tool, outcome in calls:
        rank = rank_of.get(key)
        if rank is None or not _is_asked_for(selection, tool, outcome):
            continue
        traits = {"tool": tool, "model": ranked[rank].model, "outcome": outcome}
        found[rank].add(tuple(traits[name] for name in sample.stratify))
    return found


def _is_asked_for(selection: Selection, tool: str, outcome: str) -> bool:
    """Whether a call fits; others of a selected trace are no kind of their own."""
    if selection.tools and tool and tool not in selection.tools:
        return False
    return not (selection.outcomes and outcome and outcome not in selection.outcomes)


def _calls(connection: sqlite3.Connection, keys: list[int]) -> Iterator[_Call]:
    """Return each tool and outcome of each trace once."""
    if len(keys) > _FEW:
        yield from _all_calls(connection)
        return
    for start in range(0, len(keys), _AT_ONCE):
        part = keys[start : start + _AT_ONCE]
        yield from connection.execute(
            "SELECT DISTINCT trace, tool, coalesce(outcome, 'unfinished') FROM tool_call_rows "
            f"INDEXED BY tool_calls_by_trace WHERE trace IN ({', '.join('?' * len(part))})",
            part,
        )


def _all_calls(connection: sqlite3.Connection) -> Iterator[_Call]:
    """As ``_calls`` of every trace, from two indexes alone."""
    not_ok: defaultdict[tuple[str, int], int] = defaultdict(int)
    for outcome, tool, trace, count in connection.execute(
        "SELECT outcome, tool, trace, count(*) FROM tool_call_rows "
        "INDEXED BY tool_calls_by_outcome WHERE outcome <> 'ok' GROUP BY outcome, tool, trace"
    ):
        not_ok[tool, trace] += count
        yield trace, tool, outcome
    for tool, trace, count in connection.execute(
        "SELECT tool, trace, count(*) FROM tool_call_rows INDEXED BY tool_calls_by_tool "
        "GROUP BY tool, trace"
    ):
        if count > not_ok.get((tool, trace), 0):
            yield trace, tool, "ok"


def _of_every_kind(kinds_of: _KindsOf, trace_count: int, wanted: int) -> list[int]:
    """Return ``wanted`` ranks: one trace of each kind, the rarest kind first, then a second one...

    A trace stands for every kind of its calls. What is left over goes to the first in rank.
    """
    ranks_of = _ranks_of(kinds_of, wanted)
    open_kinds = sorted(ranks_of, key=lambda kind: (len(ranks_of[kind]), kind))
    left = {kind: iter(ranks) for kind, ranks in ranks_of.items()}
    times: Counter[Kind] = Counter()
    taken: dict[int, None] = {}
    turn = 0
    while open_kinds and len(taken) < wanted:
        turn += 1
        for kind in open_kinds.copy():
            if times[kind] >= turn:
                continue
            rank = next((one for one in left[kind] if one not in taken), None)
            if rank is None:
                open_kinds.remove(kind)
                continue
            taken[rank] = None
            times.update(kinds_of[rank])
            if len(taken) == wanted:
                break
    rest = (rank for rank in range(trace_count) if rank not in taken)
    return [*taken, *islice(rest, wanted - len(taken))]


def _ranks_of(kinds_of: _KindsOf, wanted: int) -> dict[Kind, list[int]]:
    """Return the traces of each kind, the first ``wanted`` of them in order."""
    found: defaultdict[Kind, list[int]] = defaultdict(list)
    for rank, kinds in kinds_of.items():
        for kind in kinds:
            found[kind].append(rank)
    return {kind: nsmallest(wanted, ranks) for kind, ranks in found.items()}


def _told_of(kinds_of: _KindsOf, ranks: Sequence[int], sample: Sample) -> JsonObject:
    kinds = set[Kind]().union(*kinds_of.values())
    reached = set[Kind]().union(*(kinds_of.get(rank, ()) for rank in ranks))
    return {
        "stratify": list(sample.stratify),
        "kinds": len(kinds),
        "reached": len(reached),
        "missed": [" ".join(kind) for kind in sorted(kinds - reached)[:_MISSED_MAX]],
    }
