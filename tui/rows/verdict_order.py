"""Traces in the order of what they are today: the worst verdict of each, in the run that judged it.

Which one that is says `tui.rows.judging`. A byte for each row says it, whatever their number: of
a million traces a megabyte.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Iterable
from typing import Final

from replay.records.codes import Verdict
from replay.records.replays import WHAT_IF
from tui.rows.approvals import IS_APPROVED, RUNS_MAX
from tui.rows.judging import judged_none_of
from tui.views.signs import APPROVED, NOT_REPLAYED, SIGN_ORDER, verdict_sign

_ORDER: Final = (*SIGN_ORDER, NOT_REPLAYED[0])
_GREEN: Final = _ORDER.index("✓") + 1
_OF_THIS_RUN: Final = 0x80
"""Marks the traces that no newer run judged, while the verdicts of a run are read."""
_NOT_JUDGED_BY_IT: Final = 0x40
"""Marks the traces of which this run judged no call."""
_NOT_JUDGED_YET: Final = 0x20
"""Marks the traces of which runs so far had verdicts, and judged no call."""
_FLAGS: Final = _OF_THIS_RUN | _NOT_JUDGED_BY_IT | _NOT_JUDGED_YET
_UNMARKED: Final = bytes(byte & (0xFF ^ _FLAGS | _NOT_JUDGED_YET) for byte in range(256))
_RANKS: Final = bytes(byte & (0xFF ^ _FLAGS) for byte in range(256))


def worst_first(
    connection: sqlite3.Connection,
    keys: Iterable[int],
    approved: str | None,
    *,
    is_reversed: bool,
    is_over: Callable[[], bool],
) -> array[int]:
    """Return ``keys`` with the worst first, else in their order; not judged ones are always last.

    ``approved``: of `approved_pairs`. ``is_over`` is asked after each run whether to give up.
    """
    ranks = _ranks(connection, approved, is_over)
    groups = [array("q") for _ in range(len(_ORDER) + 1)]
    for key in keys:
        groups[ranks[key] if key < len(ranks) else 0].append(key)
    ordered = array("q")
    judged = groups[1:]
    for group in reversed(judged) if is_reversed else judged:
        ordered += group
    return ordered + groups[0]


def _ranks(
    connection: sqlite3.Connection, approved: str | None, is_over: Callable[[], bool]
) -> bytearray:
    """Return for each row its sign's place in the order, from 1; 0: no run judged it."""
    (last,) = connection.execute("SELECT coalesce(max(key), 0) FROM trace_rows").fetchone()
    ranks = bytearray(last + 1)
    runs = connection.execute(
        f"SELECT key FROM replay_run_rows WHERE id NOT GLOB '{WHAT_IF}*' "
        "ORDER BY started_us DESC, key DESC LIMIT ?",
        (RUNS_MAX,),
    ).fetchall()
    for (run,) in runs:
        if is_over():
            break
        for (trace,) in judged_none_of(connection, run):
            ranks[trace] |= _NOT_JUDGED_BY_IT
            if ranks[trace] == _NOT_JUDGED_BY_IT:
                ranks[trace] |= _GREEN | _OF_THIS_RUN | _NOT_JUDGED_YET
        for (trace,) in connection.execute(
            "SELECT DISTINCT trace FROM call_verdict_rows WHERE run = ?", (run,)
        ):
            rank = ranks[trace]
            if not rank or rank & (_NOT_JUDGED_BY_IT | _NOT_JUDGED_YET) == _NOT_JUDGED_YET:
                ranks[trace] = _GREEN | _OF_THIS_RUN
        for trace, verdict, is_approved in _differing(connection, run, approved):
            sign = APPROVED[0] if is_approved else verdict_sign(verdict)[0]
            rank = (_ORDER.index(sign) + 1) | (ranks[trace] & _FLAGS)
            if ranks[trace] & _OF_THIS_RUN and rank < ranks[trace]:
                ranks[trace] = rank
        ranks = ranks.translate(_UNMARKED)
    return ranks.translate(_RANKS)


def _differing(
    connection: sqlite3.Connection, run: int, approved: str | None
) -> Iterable[tuple[int, Verdict, int]]:
    """Give of each call of a run that differs: its trace, its verdict, whether it is approved."""
    is_approved = "coalesce(v.approved, 0)" if approved is None else IS_APPROVED
    values = {"run": run} if approved is None else {"run": run, "approved": approved}
    return connection.execute(
        f"SELECT v.trace, v.verdict, {is_approved} FROM call_verdict_rows v "
        "WHERE v.run = :run AND v.verdict <> 'same'",
        values,
    )
