"""Some traces instead of all: the same ones each time, and every kind of call among them.

A kind is what calls have in common: their tool, their trace's model, how they ended. Only indexes
are read, never a tool call's row: a sample of a million calls takes about a second.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

from replay.records import JsonObject, Sample, Selection
from replay.store.selecting import selected_traces

_MISSED_MAX: Final = 20
"""Kinds named that a sample is too small for."""

_FEW: Final = 2_000
"""Up to so many traces, their calls are looked up trace by trace."""

_AT_ONCE: Final = 500

_NO_MODEL: Final = "no model"

Kind: TypeAlias = tuple[str, ...]


class _Trace(NamedTuple):
    key: int
    id: str
    model: str | None


_Calls: TypeAlias = tuple[str, str, list[int]]
"""Calls of a tool that ended so, as the keys of their traces."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The traces of a selection, and what is to be told of how they were chosen."""

    trace_ids: list[str]
    """By start, then id."""
    told: JsonObject = field(default_factory=dict)
    """``of``: how many traces were to choose from; ``newest``, ``seed``, ``stratify``: how; with
    ``stratify`` also ``kinds``, ``reached`` and (some) ``missed``. Empty: they are all of them."""


def chosen(connection: sqlite3.Connection, selection: Selection, sample: Sample) -> Chosen:
    """Return the sample of the selected traces that ``sample`` describes."""
    if sample.newest and not sample.stratify:
        return _newest(connection, selection, sample.count)
    newest_first = _traces(connection, selection)
    ranked = newest_first if sample.newest else _drawn(newest_first, sample.seed)
    told: JsonObject = {"of": len(ranked), "newest": sample.newest}
    if not sample.newest:
        told["seed"] = sample.seed
    ranks: Sequence[int] = range(min(sample.count, len(ranked)))
    if sample.stratify:
        kinds = _Kinds(connection, selection, sample, ranked)
        ranks_of = kinds.ranks_of()
        ranks = _of_every_kind(ranks_of, len(ranked), sample.count)
        told |= kinds.told(ranks_of, ranks)
    taken = {ranked[rank].key for rank in ranks}
    return Chosen([one.id for one in reversed(newest_first) if one.key in taken], told)


def _newest(connection: sqlite3.Connection, selection: Selection, count: int) -> Chosen:
    """Return the newest ones: a page of an index, and a count."""
    found = selected_traces(connection, selection)
    row = connection.execute(
        f"SELECT count(*) FROM trace_rows r WHERE {found.sql}", found.values
    ).fetchone()
    of = int(row[0]) if selection.limit is None else min(int(row[0]), selection.limit)
    newest_first = _traces(connection, selection, limit=min(count, of))
    return Chosen([one.id for one in reversed(newest_first)], {"of": of, "newest": True})


def _traces(
    connection: sqlite3.Connection, selection: Selection, limit: int | None = None
) -> list[_Trace]:
    found = selected_traces(connection, selection)
    most = selection.limit if limit is None else limit
    rows = connection.execute(
        f"SELECT r.key, r.id, r.model FROM trace_rows r WHERE {found.sql} "
        f"ORDER BY {found.newest_first}" + ("" if most is None else f" LIMIT {int(most)}"),
        found.values,
    )
    return [_Trace(*row) for row in rows]


def _drawn(traces: list[_Trace], seed: int) -> list[_Trace]:
    """Return ``traces`` shuffled, each by its own draw: others that come or go change nothing."""
    salt = blake2b(digest_size=8, salt=str(seed).encode()[:16])

    def draw(trace: _Trace) -> bytes:
        drawing = salt.copy()
        drawing.update(trace.id.encode("utf-8", "surrogatepass"))
        return drawing.digest()

    return sorted(traces, key=draw)


class _Kinds:
    """The kinds of call in some traces."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        selection: Selection,
        sample: Sample,
        ranked: list[_Trace],
    ) -> None:
        self._connection = connection
        self._selection = selection
        self._sample = sample
        self._ranked = ranked

    def ranks_of(self) -> dict[Kind, list[int]]:
        """Return the first ``sample.count`` traces of each kind, as ranks."""
        found: defaultdict[Kind, list[int]] = defaultdict(list)
        rank_of = {trace.key: rank for rank, trace in enumerate(self._ranked)}
        models = [trace.model or _NO_MODEL for trace in self._ranked]
        by_model, most = "model" in self._sample.stratify, self._sample.count
        for tool, outcome, keys in self._calls():
            ranks = sorted(rank for key in keys if (rank := rank_of.get(key)) is not None)
            if not by_model:
                found[self._kind(tool, "", outcome)] += ranks[:most]
                continue
            of_model: defaultdict[str, list[int]] = defaultdict(list)
            for rank in ranks:
                of_model[models[rank]].append(rank)
            for model, ones in of_model.items():
                found[self._kind(tool, model, outcome)] += ones[:most]
        return {kind: sorted(set(ranks))[:most] for kind, ranks in found.items() if ranks}

    def told(self, ranks_of: Mapping[Kind, object], ranks: Sequence[int]) -> JsonObject:
        """Return what is told of the sample ``ranks``."""
        model_of = {self._ranked[rank].key: self._ranked[rank].model for rank in ranks}
        reached = {
            self._kind(tool, model_of[key] or _NO_MODEL, outcome)
            for tool, outcome, keys in self._of_traces(list(model_of))
            for key in keys
        }
        return {
            "stratify": list(self._sample.stratify),
            "kinds": len(ranks_of),
            "reached": len(ranks_of.keys() & reached),
            "missed": [" ".join(kind) for kind in sorted(ranks_of.keys() - reached)][:_MISSED_MAX],
        }

    def _kind(self, tool: str, model: str, outcome: str) -> Kind:
        traits = {"tool": tool, "model": model, "outcome": outcome}
        return tuple(traits[name] for name in self._sample.stratify)

    def _calls(self) -> Iterator[_Calls]:
        keys = [trace.key for trace in self._ranked]
        if len(keys) <= _FEW or self._sample.stratify == ["model"]:
            return self._of_traces(keys)
        return self._of_tools()

    def _is_asked_for(self, tool: str, outcome: str) -> bool:
        """Whether a call fits; others of a selected trace are no kind of their own."""
        tools, outcomes = self._selection.tools, self._selection.outcomes
        return (not tools or tool in tools) and (not outcomes or outcome in outcomes)

    def _of_traces(self, keys: list[int]) -> Iterator[_Calls]:
        """Return the calls of these traces, trace by trace."""
        if self._sample.stratify == ["model"]:
            yield "", "", keys
            return
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            for key, tool, outcome in self._connection.execute(
                "SELECT DISTINCT trace, tool, outcome FROM tool_call_rows "
                f"INDEXED BY tool_calls_by_trace WHERE trace IN ({', '.join('?' * len(part))})",
                part,
            ):
                if self._is_asked_for(tool, outcome):
                    yield tool, outcome, [key]

    def _of_tools(self) -> Iterator[_Calls]:
        """Return all calls, tool by tool, from the indexes alone."""
        by_outcome = "outcome" in self._sample.stratify or bool(self._selection.outcomes)
        for (tool,) in self._connection.execute("SELECT DISTINCT tool FROM tool_totals").fetchall():
            if not self._is_asked_for(tool, next(iter(self._selection.outcomes), "ok")):
                continue
            if not by_outcome:
                rows = self._connection.execute(_TRACES_OF_TOOL, (tool,))
                yield tool, "", [key for (key,) in rows]
                continue
            for outcome, keys in self._by_outcome(tool):
                if self._is_asked_for(tool, outcome):
                    yield tool, outcome, keys

    def _by_outcome(self, tool: str) -> Iterator[tuple[str, list[int]]]:
        ok = dict(self._connection.execute(_COUNTS_OF_TOOL, (tool,)).fetchall())
        found: defaultdict[str, list[int]] = defaultdict(list)
        for outcome, key, count in self._connection.execute(_NOT_OK_OF_TOOL, (tool,)):
            found[outcome].append(key)
            ok[key] -= count
        yield "ok", [key for key, count in ok.items() if count]
        yield from found.items()


_TRACES_OF_TOOL: Final = (
    "SELECT DISTINCT trace FROM tool_call_rows INDEXED BY tool_calls_by_tool WHERE tool = ?"
)
_COUNTS_OF_TOOL: Final = (
    "SELECT trace, count(*) FROM tool_call_rows INDEXED BY tool_calls_by_tool WHERE tool = ? "
    "GROUP BY trace"
)
_NOT_OK_OF_TOOL: Final = (
    "SELECT o.outcome, c.trace, count(*) "
    "FROM (SELECT DISTINCT outcome FROM tool_totals WHERE outcome <> 'ok') o "
    "JOIN tool_call_rows c INDEXED BY tool_calls_by_outcome "
    "ON c.outcome = o.outcome AND c.outcome <> 'ok' AND c.tool = ? "
    "GROUP BY o.outcome, c.trace"
)


def _of_every_kind(
    ranks_of: Mapping[Kind, Sequence[int]], trace_count: int, wanted: int
) -> list[int]:
    """Return ``wanted`` ranks: one trace of each kind, the rarest kind first, then a second one...

    A trace stands for every kind that it is listed for. What is left over goes to the first in
    rank.
    """
    kinds_of: defaultdict[int, list[Kind]] = defaultdict(list)
    for kind, ranks in ranks_of.items():
        for one in ranks:
            kinds_of[one].append(kind)
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
    rest = (one for one in range(trace_count) if one not in taken)
    return [*taken, *islice(rest, wanted - len(taken))]
